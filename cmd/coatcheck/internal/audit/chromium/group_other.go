//go:build !linux

package chromium

import "os/exec"

func ownGroup(*exec.Cmd) {}

// endGroup kills the browser, if it has not ended.
func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
