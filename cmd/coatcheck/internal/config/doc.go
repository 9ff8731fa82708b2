// Package config is the command line of the program: commands, flags and their defaults. Every flag can be set in the
// environment, too: --console-listen is COATCHECK_CONSOLE_LISTEN. A flag on the command line wins.
package config
