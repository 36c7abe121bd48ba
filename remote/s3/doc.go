// Package s3 keeps objects in a bucket of any S3 server.
//
// It knows the protocol and where servers differ in it. It must never know what an
// object means, nor any other store. It is the only package that imports the AWS SDK.
//
// What it relies on: GET with Range and If-Match, PUT with Content-MD5 (the one check
// that all servers make), ListObjectsV2 in byte order, DELETE, and multipart uploads
// for what is larger than 16 MiB. Without the right to list the bucket, a missing
// object answers 403 and becomes ErrDenied. Conditions on PUT are passed on; whether
// they hold is found out by [remote.Probe]. No answer is believed as it is: ranges,
// lengths, ETags and the order of listings are checked.
//
// Reads and writes are tried four times within about a tenth of a second, to get over
// a lost connection; waiting out an outage is for others. A conditional PUT is tried
// again like any other, so ErrExists and ErrPrecondition may be the echo of a write of
// ours that won (see [remote.Putter]).
//
// User metadata values go through [remote.EscapeMetadata].
package s3
