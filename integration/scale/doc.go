// Package scale writes the catalog of a large music collection straight into a store,
// without a byte of audio: a checkpoint, and commits after it. It is what is measured
// with a million tracks.
//
// It knows how collections look and what the catalog offers to everybody. It must never
// know how the catalog writes things down.
package scale
