package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/lockerfs/lockerfs/remote"
)

const (
	multipartAbove = 16 << 20
	partSize       = 8 << 20
	// maxParts is S3's limit on the parts of one object.
	maxParts      = 10_000
	partsAtOnce   = 4
	abortPatience = 10 * time.Second
)

// putParts uploads body in parts, which take effect all at once at the end. They go
// without conditions: servers differ too much in what they do with them here.
func (s *Store) putParts(ctx context.Context, key string, body *io.SectionReader, o remote.PutOptions) (remote.Object, error) {
	u := upload{store: s, key: aws.String(s.prefix + key), body: body, size: sizeOfParts(body.Size())}
	if o.Resume {
		u.id, u.there = s.earlier(ctx, key)
	}
	if u.id == nil {
		if err := u.create(ctx, o); err != nil {
			return remote.Object{}, err
		}
	}
	etag, at, err := u.run(ctx)
	if err != nil {
		if !resumes(ctx, o, err) {
			u.abort(ctx)
		}
		return u.outcome(ctx, key, err)
	}
	if etag == "" { // old Ceph does not say
		return s.head(ctx, key)
	}
	return s.object(key, body.Size(), &etag, at, escaped(o.Metadata)), nil
}

func (u *upload) create(ctx context.Context, o remote.PutOptions) error {
	created, err := u.store.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &u.store.bucket, Key: u.key, Metadata: escaped(o.Metadata), ContentType: contentType(o),
	})
	if err == nil && aws.ToString(created.UploadId) == "" {
		err = fmt.Errorf("%w: an upload without id", remote.ErrCorrupt)
	}
	if err != nil {
		return err
	}
	u.id = created.UploadId
	return nil
}

// sizeOfParts keeps even the largest object within the number of parts.
func sizeOfParts(size int64) int64 {
	part := int64(partSize)
	for part*maxParts < size {
		part *= 2
	}
	return part
}

// upload is one multipart upload.
type upload struct {
	store *Store
	key   *string
	id    *string
	body  *io.SectionReader
	size  int64 // of every part but the last
	parts []types.CompletedPart
	sums  [][]byte         // MD5 of each part
	there map[int32]string // ETags of parts that an earlier put has sent, by number
}

// run sends the parts and joins them.
func (u *upload) run(ctx context.Context) (etag string, at time.Time, err error) {
	count := int((u.body.Size() + u.size - 1) / u.size)
	u.parts, u.sums = make([]types.CompletedPart, count), make([][]byte, count)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(partsAtOnce)
	for i := range count {
		group.Go(func() error { return u.send(groupCtx, i) })
	}
	if err := group.Wait(); err != nil {
		return "", time.Time{}, err
	}
	out, err := u.store.bulk.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.store.bucket, Key: u.key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
	if err != nil {
		return "", time.Time{}, err
	}
	return aws.ToString(out.ETag), storeTime(out.ResultMetadata), nil
}

func (u *upload) send(ctx context.Context, i int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	offset := int64(i) * u.size
	part := io.NewSectionReader(u.body, offset, min(u.size, u.body.Size()-offset))
	sum, err := contentMD5(ctx, part)
	if err != nil {
		return err
	}
	number := aws.Int32(int32(i + 1))
	if u.has(*number, sum) {
		u.sums[i] = sum
		u.parts[i] = types.CompletedPart{PartNumber: number, ETag: aws.String(u.there[*number])}
		return nil
	}
	out, err := u.store.bulk.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &u.store.bucket, Key: u.key, UploadId: u.id, PartNumber: number,
		Body: part, ContentLength: aws.Int64(part.Size()), ContentMD5: aws.String(base64.StdEncoding.EncodeToString(sum)),
	})
	if err != nil {
		return err
	}
	if aws.ToString(out.ETag) == "" {
		return fmt.Errorf("%w: part %d has no ETag", remote.ErrCorrupt, i+1)
	}
	u.sums[i] = sum
	u.parts[i] = types.CompletedPart{PartNumber: number, ETag: out.ETag}
	return nil
}

// abort frees what the parts take, also when ctx has ended. What it cannot reach is
// left to the collector of old uploads.
func (u *upload) abort(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortPatience)
	defer cancel()
	_, _ = u.store.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.store.bucket, Key: u.key, UploadId: u.id})
}

// outcome looks whether the upload was completed although its answer was an error: the
// answer was lost, and the second try then found no such upload. The object's ETag,
// which S3 makes of the parts' MD5 sums, tells.
func (u *upload) outcome(ctx context.Context, key string, failed error) (remote.Object, error) {
	if ctx.Err() != nil || kindOf(failed) != remote.ErrThrottled && kindOf(failed) != remote.ErrOffline {
		return remote.Object{}, failed
	}
	for _, sum := range u.sums {
		if sum == nil {
			return remote.Object{}, failed
		}
	}
	object, err := u.store.head(ctx, key)
	if err != nil || object.ETag != u.etag() || object.Size != u.body.Size() {
		return remote.Object{}, failed
	}
	return object, nil
}

// etag gives the ETag S3 makes for the joined parts.
func (u *upload) etag() string {
	hash := md5.New()
	for _, sum := range u.sums {
		hash.Write(sum)
	}
	return fmt.Sprintf("%s-%d", hex.EncodeToString(hash.Sum(nil)), len(u.sums))
}
