package folder

import (
	"io/fs"
	"log/slog"
	"os"
	"runtime"
)

// Tighten keeps others on this machine out of the program's files in the folder, and from making or replacing files
// there, as managers of volumes allow when they mount one for a group. It is told to log; what cannot be changed is as
// well, and the program goes on. The console's token has rules of its own: see [Folder.Token].
func (f *Folder) Tighten(log *slog.Logger) {
	type entry struct {
		path   string
		others fs.FileMode // what they may not do
	}
	private := []entry{{f.path, 0o022}}
	for _, path := range []string{
		f.DatabasePath(), f.DatabasePath() + "-wal", f.DatabasePath() + "-shm",
		f.IndexPath(), f.IndexPath() + "-wal", f.IndexPath() + "-shm",
		f.WebhooksPath(), f.WebhooksPath() + "-wal", f.WebhooksPath() + "-shm",
		f.HistoryPath(), f.HistoryPath() + "-wal", f.HistoryPath() + "-shm",
		f.EndingsPath(), f.EndingsPath() + "-wal", f.EndingsPath() + "-shm",
		f.RollbackPath(), f.KeysPath(), f.AppKeysPath(), f.lockPath(), f.CertificatesPath(),
	} {
		private = append(private, entry{path, 0o077})
	}
	var mended, left []string
	for _, e := range private {
		mode, wide := openTo(e.path, e.others)
		if !wide {
			continue
		}
		err := os.Chmod(e.path, mode&^e.others)
		if _, still := openTo(e.path, e.others); err == nil && !still {
			mended = append(mended, e.path)
			continue
		}
		left = append(left, e.path)
	}
	if len(mended) > 0 {
		log.Warn("others on this machine could use files of the data folder, until now; if they may have read the "+
			"keys, rotate them", "files", mended)
	}
	if len(left) > 0 {
		log.Warn("others on this machine may use files of the data folder, and this program may not change that: have "+
			"their owner take the rights of group and others away", "files", left)
	}
}

// openTo returns the mode of a file with which others may do one of these things. Windows has no such modes: a new file
// there has the rights of its folder, the user's own.
func openTo(path string, others fs.FileMode) (mode fs.FileMode, wide bool) {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" {
		return 0, false
	}
	mode = info.Mode().Perm()
	return mode, mode&others != 0
}
