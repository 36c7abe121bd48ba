// Command link puts a way with a round trip and a bandwidth in front of a server of this
// machine, for the scripts beside it. It prints its address; then, for every line that it
// reads, the requests, the bytes up and the bytes down that have passed, as three numbers.
// It ends when there is nothing more to read, so it never outlives who started it.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/lockerfs/lockerfs/integration/link"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "link:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("link", flag.ContinueOnError)
	rtt := flags.Duration("rtt", 50*time.Millisecond, "round trip that is added")
	rate := flags.Int64("rate", 6_250_000, "bytes a second each way; 0 is no limit")
	if err := flags.Parse(args); err != nil {
		return err
	}
	l, err := link.Listen(link.Options{Target: flags.Arg(0), RTT: *rtt, Up: *rate, Down: *rate})
	if err != nil {
		return err
	}
	defer l.Close()
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		t := l.Traffic()
		if _, err := fmt.Fprintln(out, t.Requests, t.Up, t.Down); err != nil {
			return err
		}
	}
	return lines.Err()
}
