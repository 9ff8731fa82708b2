package echo

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxFrame bounds one frame of a WebSocket.
const maxFrame = 64 << 10

// The kinds of frames that are not data: RFC 6455, section 5.2.
const (
	opClose = 8
	opPing  = 9
	opPong  = 10
)

var errFrame = errors.New("echo: a frame is not masked, or too long")

// Accept is what a server answers to the key of a handshake: RFC 6455, section 4.2.2.
func Accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// socket sends back each frame. Nothing is negotiated, so every frame is plain data.
func (x *conversation) socket(string) error {
	key := first(x.report.Header, "Sec-WebSocket-Key")
	if !strings.EqualFold(first(x.report.Header, "Upgrade"), "websocket") || key == "" {
		return x.write((&output{status: http.StatusUpgradeRequired}).add("Upgrade", "websocket"))
	}
	_, err := fmt.Fprintf(x.conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", Accept(key))
	for err == nil {
		_ = x.conn.SetDeadline(time.Now().Add(maxStream)) // the read fails if it is closed
		var frame []byte
		var op byte
		if op, frame, err = readFrame(x.in); err != nil {
			break
		}
		if op == opPong {
			continue
		}
		if _, err = x.conn.Write(frame); op == opClose {
			return err
		}
	}
	return err
}

// readFrame reads a frame of a client and returns the one that answers it: RFC 6455, section 5.2.
func readFrame(in *bufio.Reader) (op byte, answer []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, nil, err
	}
	op = head[0] & 15
	size := uint64(head[1] & 127)
	if width := map[uint64]int{126: 2, 127: 8}[size]; width > 0 {
		var long [8]byte
		if _, err := io.ReadFull(in, long[8-width:]); err != nil {
			return 0, nil, err
		}
		size = binary.BigEndian.Uint64(long[:])
	}
	if head[1]&128 == 0 || size > maxFrame {
		return 0, nil, errFrame
	}
	masked := make([]byte, 4+size)
	if _, err := io.ReadFull(in, masked); err != nil {
		return 0, nil, err
	}
	mask, data := masked[:4], masked[4:]
	for i := range data {
		data[i] ^= mask[i%4]
	}
	first := head[0]
	if op == opPing {
		first = first&^15 | opPong
	}
	return op, append(frameHead(first, len(data)), data...), nil
}

// frameHead is the beginning of a frame that is not masked.
func frameHead(first byte, size int) []byte {
	switch {
	case size < 126:
		return []byte{first, byte(size)}
	case size < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(size))
	}
	return binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(size))
}
