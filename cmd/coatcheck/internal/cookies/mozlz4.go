package cookies

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"
)

// mozLZ4Head begins the compressed files of Firefox. The size of the content follows in four bytes, and then one block
// of LZ4 without a frame.
var mozLZ4Head = []byte("mozLz40\x00")

// maxMozLZ4 is how many bytes a compressed file may have, and its content.
const maxMozLZ4 = 256 << 20

// decompress returns the content of a file, and its first bytes.
func decompress(in io.Reader) (*bufio.Reader, []byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, maxMozLZ4+1))
	if err != nil {
		return nil, nil, err
	}
	n := len(mozLZ4Head) + 4
	if len(data) > maxMozLZ4 || len(data) < n {
		return nil, nil, fmt.Errorf("a compressed file of %d bytes is too long or too short", len(data))
	}
	size := binary.LittleEndian.Uint32(data[len(mozLZ4Head):])
	if size > maxMozLZ4 {
		return nil, nil, fmt.Errorf("its content has %d bytes, and only %d are read", size, maxMozLZ4)
	}
	text := make([]byte, size)
	got, err := lz4.UncompressBlock(data[n:], text)
	if err != nil || got != int(size) {
		return nil, nil, errors.New("it is compressed, and what it has inside is damaged")
	}
	buffered := bufio.NewReaderSize(bytes.NewReader(text), headSize)
	return buffered, text[:min(len(text), headSize)], nil
}
