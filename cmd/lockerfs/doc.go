// Command lockerfs mounts a music locker as a folder.
//
// It is wiring: it finds out which locker is meant (flags, environment,
// config.toml), assembles store, catalog, cache and file system into an engine,
// and says in words what happened. It decides nothing about names, bytes or
// commits; the packages it puts together do.
//
// One process owns a state folder at a time and answers for it on a Unix socket.
// Every command therefore speaks to a [locker], which is either the engine of its
// own process or a client of the one that runs.
//
// What goes where: answers to stdout, progress and notes to stderr, logs to stderr
// with a component key. An error is one line with its cause and one with the next
// step, and ends with a code of the table in exit.go.
package main
