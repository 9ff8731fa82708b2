// Package snippet has what a system needs to run the program: a service of systemd, and a container. Each gives it no
// more rights than it needs, and each is complete but for the address of the app.
package snippet

import (
	_ "embed"
	"io"
)

//go:embed coatcheck.service
var unit string

//go:embed Containerfile
var container string

// WriteSystemd writes a unit for coatcheck serve.
func WriteSystemd(out io.Writer) error { return write(out, unit) }

// WriteContainer writes a file from which Docker, Podman and their like build an image.
func WriteContainer(out io.Writer) error { return write(out, container) }

func write(out io.Writer, text string) error {
	_, err := io.WriteString(out, text)
	return err
}
