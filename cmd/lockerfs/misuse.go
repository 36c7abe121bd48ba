package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// errMisfit: the arguments are too many, too few, or not those that the command knows.
var errMisfit = errors.New("wrong arguments")

// strict has every command below c answer wrong arguments with errMisfit, whose words are
// ours and not cobra's. Those that only hold others refuse what they do not know.
func strict(c *cobra.Command) {
	for _, sub := range c.Commands() {
		if sub.HasSubCommands() && !sub.Runnable() {
			sub.RunE = func(c *cobra.Command, args []string) error {
				if len(args) == 0 {
					return c.Help()
				}
				return &ranError{misuse(c, fmt.Errorf("unknown command %q for %q", args[0], c.CommandPath()))}
			}
		}
		if fits := sub.Args; fits != nil {
			sub.Args = func(c *cobra.Command, args []string) error {
				if fits(c, args) != nil {
					return errMisfit
				}
				return nil
			}
		}
		strict(sub)
	}
}

// misuse says what is wrong with a command line, of which cobra ran nothing.
func misuse(c *cobra.Command, err error) *fault {
	f := &fault{code: exitUsage, cause: err.Error(), next: "lockerfs --help", err: err}
	name := strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" ")
	if c.HasParent() {
		f.next = "lockerfs help " + name
	}
	// How cobra says that two flags exclude each other.
	both := regexp.MustCompile(`^if any flags in the group \[.*\[(\S+) (\S+)\] were all set$`).FindStringSubmatch(f.cause)
	_, takes, some := strings.Cut(c.Use, " ")
	switch {
	case errors.Is(err, errMisfit) && some:
		f.cause = "wrong arguments; it is: " + c.CommandPath() + " " + takes
	case errors.Is(err, errMisfit):
		f.cause = name + " takes no arguments"
	case both != nil:
		f.cause = "--" + both[1] + " and --" + both[2] + " exclude each other"
	}
	return f
}
