package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// maxLog is how large the log in the state folder grows before it is put aside, in bytes.
// There are two files of it at most.
const maxLog = 4 << 20

func logPath(state string) string { return filepath.Join(state, "lockerfs.log") }

// logFile is a log of bounded size. Two processes may write to one, line by line.
type logFile struct {
	path string
	most int64
	// taken is told of every file that is begun; nil if nobody asks.
	taken func(*os.File) error

	mu   sync.Mutex // guards file; held while writing, so that lines stay whole
	file *os.File
}

func openLog(path string, most int64, taken func(*os.File) error) (*logFile, error) {
	l := &logFile{path: path, most: most, taken: taken}
	return l, l.begin()
}

// begin needs mu, or nobody else.
func (l *logFile) begin() error {
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file = f
	if l.taken != nil {
		return l.taken(f)
	}
	return nil
}

// Write implements io.Writer. What cannot be written is lost: a daemon goes on when the
// disk is full.
func (l *logFile) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if info, err := l.file.Stat(); err == nil && info.Size() > 0 && info.Size()+int64(len(b)) > l.most {
		l.turn(info)
	}
	_, _ = l.file.Write(b)
	return len(b), nil
}

// turn puts the log aside, unless the other process has, and begins another. It needs mu.
func (l *logFile) turn(ours os.FileInfo) {
	if now, err := os.Stat(l.path); err == nil && os.SameFile(now, ours) {
		if os.Rename(l.path, l.path+".1") != nil {
			return
		}
	}
	_ = l.begin() // else the old one goes on
}

func (l *logFile) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}

// logToFile has everything this process says, its last words in a crash too, go to the
// log in the state folder.
func (a *app) logToFile(state string) (*logFile, error) {
	if err := makeDurably(state, 0o700); err != nil {
		return nil, fmt.Errorf("state folder: %w", err)
	}
	l, err := openLog(logPath(state), maxLog, becomeOutput)
	if err != nil {
		return nil, err
	}
	a.out, a.err = l, l
	return l, nil
}
