// Package remotetest holds every store to the contract of package remote, and
// gives the tests of other packages the stores they need: [NewMemory], strict and
// fast; [Faulty], a decorator that fails on cue; [StartVersityGW], a real S3
// server in a process of its own.
//
// It knows the contract and nothing of any concrete store: it never imports
// remote/s3 or remote/dir, they import it in their tests and call [Run].
package remotetest
