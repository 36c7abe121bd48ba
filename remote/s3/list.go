package s3

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lockerfs/lockerfs/remote"
)

// maxPage is the most objects S3 gives at once.
const maxPage = 1000

// List implements [remote.Lister]. It gives foreign objects too, whatever their keys,
// but for those whose key is empty or begins with a slash below the prefix.
func (s *Store) List(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	page, err := s.list(ctx, prefix, after, limit)
	if err != nil {
		return remote.Page{}, fail(ctx, "list", prefix, err)
	}
	return page, nil
}

func (s *Store) list(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	if err := ctx.Err(); err != nil {
		return remote.Page{}, err
	}
	if limit < 0 {
		return remote.Page{}, fmt.Errorf("%w: limit %d", remote.ErrInvalid, limit)
	}
	if limit == 0 || limit > maxPage {
		limit = maxPage
	}
	for {
		page, err := s.page(ctx, prefix, after, limit)
		// A page of nothing but keys left out is not the end.
		if err != nil || len(page.Objects) > 0 || page.Next == "" {
			return page, err
		}
		after = page.Next
	}
}

func (s *Store) page(ctx context.Context, prefix, after string, limit int) (remote.Page, error) {
	in := &s3.ListObjectsV2Input{
		Bucket: &s.bucket, Prefix: aws.String(s.prefix + prefix), MaxKeys: aws.Int32(int32(limit)),
		// XML cannot hold all the characters that a foreign key may have.
		EncodingType: types.EncodingTypeUrl,
	}
	if after != "" {
		in.StartAfter = aws.String(s.prefix + after)
	}
	out, err := s.client.ListObjectsV2(ctx, in)
	if err != nil {
		if bare404(err) {
			err = hide(remote.ErrNoStore, err)
		}
		return remote.Page{}, err
	}
	// Any XML decodes to an empty listing; a real one always has this.
	if out.IsTruncated == nil || len(out.Contents) > limit {
		return remote.Page{}, fmt.Errorf("%w: not a listing of at most %d keys", remote.ErrCorrupt, limit)
	}
	var page remote.Page
	last := after
	for _, c := range out.Contents {
		key, err := decodeKey(out.EncodingType, c.Key)
		if err != nil {
			return remote.Page{}, err
		}
		key, inside := strings.CutPrefix(key, s.prefix)
		if !inside || !strings.HasPrefix(key, prefix) || key <= last && key != "" {
			return remote.Page{}, fmt.Errorf("%w: key %q comes after %q", remote.ErrCorrupt, key, last)
		}
		last = key
		if key == "" || key[0] == '/' {
			continue
		}
		if c.Size == nil || aws.ToString(c.ETag) == "" {
			return remote.Page{}, fmt.Errorf("%w: key %q has no size or ETag", remote.ErrCorrupt, key)
		}
		page.Objects = append(page.Objects, s.object(key, *c.Size, c.ETag, aws.ToTime(c.LastModified), nil))
	}
	if *out.IsTruncated {
		if last == after {
			return remote.Page{}, fmt.Errorf("%w: a page that ends nowhere", remote.ErrCorrupt)
		}
		page.Next = last
	}
	return page, nil
}

// decodeKey undoes the encoding if the server says that it did it.
func decodeKey(encoding types.EncodingType, key *string) (string, error) {
	if encoding != types.EncodingTypeUrl {
		return aws.ToString(key), nil
	}
	plain, err := url.QueryUnescape(aws.ToString(key))
	if err != nil {
		return "", fmt.Errorf("%w: key %q: %w", remote.ErrCorrupt, aws.ToString(key), err)
	}
	return plain, nil
}
