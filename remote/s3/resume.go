package s3

import (
	"context"
	"encoding/hex"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lockerfs/lockerfs/remote"
)

// earlier finds an upload of key that was begun and neither completed nor aborted, and the
// ETags of its parts by number. Such an upload is of this object or of an earlier content
// for the same key; a part counts only if its ETag is the MD5 of the bytes that are to be
// sent, and on servers whose ETags are something else none does. nil: there is none, or
// the server does not say; then all is sent.
func (s *Store) earlier(ctx context.Context, key string) (id *string, parts map[int32]string) {
	found, err := s.client.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &s.bucket, Prefix: aws.String(s.prefix + key)})
	if err != nil {
		return nil, nil
	}
	for _, u := range found.Uploads {
		if aws.ToString(u.Key) == s.prefix+key {
			id = u.UploadId
		}
	}
	if aws.ToString(id) == "" {
		return nil, nil
	}
	parts = map[int32]string{}
	pages := s3.NewListPartsPaginator(s.client, &s3.ListPartsInput{Bucket: &s.bucket, Key: aws.String(s.prefix + key), UploadId: id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil
		}
		for _, p := range page.Parts {
			parts[aws.ToInt32(p.PartNumber)] = aws.ToString(p.ETag)
		}
	}
	return id, parts
}

// has tells whether an earlier upload has a part with these bytes.
func (u *upload) has(number int32, sum []byte) bool {
	return strings.Trim(u.there[number], `"`) == hex.EncodeToString(sum)
}

// resumes tells whether an upload that failed may go on later.
func resumes(ctx context.Context, o remote.PutOptions, err error) bool {
	if !o.Resume {
		return false
	}
	kind := kindOf(err)
	return ctx.Err() != nil || kind == remote.ErrOffline || kind == remote.ErrThrottled
}
