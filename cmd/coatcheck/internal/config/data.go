package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// DataFolder returns where the program keeps its data by default: a folder "coatcheck" where the system wants such
// things. On Linux that is XDG_DATA_HOME or ~/.local/share (XDG Base Directory Specification).
func DataFolder() (string, error) {
	base, err := userData(runtime.GOOS, os.Getenv)
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "coatcheck"), nil
}

func userData(system string, env func(string) string) (string, error) {
	home := env("HOME")
	switch {
	case system == "windows" && env("LocalAppData") != "":
		return env("LocalAppData"), nil
	case system == "windows":
		return "", errors.New("the environment has no LocalAppData")
	case system != "darwin" && filepath.IsAbs(env("XDG_DATA_HOME")): // others are to be ignored
		return env("XDG_DATA_HOME"), nil
	case home == "":
		return "", errors.New("the environment has no HOME")
	case system == "darwin":
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return filepath.Join(home, ".local", "share"), nil
}
