// Package integration proves the product from outside: the built binary, real
// mounts, a real S3 server, real players, kill -9. It holds tests, and under bench
// the instrument behind `make bench`. Nothing imports it.
//
// It knows what a user knows: commands, flags, files. It must never know an
// internal of a package, except for remotetest, which starts the S3 server.
package integration
