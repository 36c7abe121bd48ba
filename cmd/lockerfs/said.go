package main

import (
	"errors"
	"strings"
)

// What stores say of credentials and clocks: each is mended elsewhere than a denied right
// is, and by the person.
var sayings = map[string]struct{ cause, next string }{
	"RequestTimeTooSkewed":  {"this machine's clock is wrong, so {store} refuses its requests", "set the clock (timedatectl set-ntp true); lockerfs goes on by itself"},
	"ExpiredToken":          {"the credentials for {store} have expired", "get new ones (aws sso login, or whatever gave them); lockerfs goes on by itself"},
	"InvalidAccessKeyId":    {"{store} does not know this access key", "check the credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID, or credentials = \"FILE\" in the config)"},
	"SignatureDoesNotMatch": {"the secret key is not the one that belongs to the access key for {store}", "check the credentials (AWS_PROFILE, AWS_SECRET_ACCESS_KEY, or credentials = \"FILE\" in the config)"},
}

// said gives the words for what a store answered, nil where the kind of the error says
// enough.
func said(err error, places *strings.Replacer) *fault {
	var answer interface{ ErrorCode() string }
	if !errors.As(err, &answer) {
		return nil
	}
	s, ok := sayings[answer.ErrorCode()]
	if !ok {
		return nil
	}
	return &fault{code: exitDenied, cause: places.Replace(s.cause), next: s.next, err: err}
}
