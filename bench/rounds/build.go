package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A build is the binary of one commit's benchmarks.
type build struct {
	commit    string // "" is what lies here
	path      string
	old       names             // that today has others for
	functions map[string]string // its benchmarks, by their names of today
}

// buildAll builds the benchmarks that lie here, and those of a commit if there is one to compare with.
func buildAll(ctx context.Context, folder, commit string, old names) (builds []*build, err error) {
	today := &build{path: filepath.Join(folder, "today.test")}
	if err := today.compile(ctx, "."); err != nil {
		return nil, err
	}
	if commit == "" {
		return []*build{today}, nil
	}
	base := &build{commit: commit, path: filepath.Join(folder, "base.test"), old: old}
	tree := filepath.Join(folder, "base")
	if err := command(ctx, ".", "git", "worktree", "add", "--quiet", "--detach", tree, commit); err != nil {
		return nil, err
	}
	defer func() {
		if gone := command(context.WithoutCancel(ctx), ".", "git", "worktree", "remove", "--force", tree); err == nil {
			err = gone
		}
	}()
	if err := base.compile(ctx, filepath.Join(tree, "bench")); err != nil {
		return nil, err
	}
	return []*build{today, base}, nil
}

// compile builds the benchmarks of a folder. Nothing reads the revision that Go would stamp on them.
func (b *build) compile(ctx context.Context, folder string) error {
	return command(ctx, folder, "go", "test", "-c", "-buildvcs=false", "-o", b.path, ".")
}

// command runs a program in a folder. What it prints is for somebody who waits.
func command(ctx context.Context, folder, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	return nil
}

// list finds the benchmarks whose names match a pattern. It returns their names of today, in order.
func (b *build) list(ctx context.Context, pattern string) (today []string, err error) {
	out, err := b.command(ctx, "-test.list="+pattern).Output()
	if err != nil {
		return nil, fmt.Errorf("list benchmarks: %w", err)
	}
	b.functions = make(map[string]string)
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "Benchmark"); ok {
			now, _, _ := strings.Cut(b.old.today(name), "/")
			b.functions[now] = name
			today = append(today, now)
		}
	}
	return today, nil
}

func (b *build) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.path, args...)
	cmd.Stderr = os.Stderr
	return cmd
}
