package ejabberd

import (
	"errors"
	"fmt"
	"net/url"
)

// Endpoint is the place at which a server offers its API over HTTP (mod_http_api). The
// component authenticates by an OAuth token or by an account and its password. It needs
// neither if the server permits the component's IP address.
type Endpoint struct {
	URL            string // without the command's name; see CheckURL
	Token          string // OAuth (RFC 6750)
	User, Password string // an account: its bare JID, and its password
}

// CheckURL returns an error if the URL of an Endpoint is not valid. It must be an http or
// https URL with a host, without user information, query and fragment.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	if err == nil && u.User != nil {
		return errors.New("an account stands in it; user and password_file are for that")
	}
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q: not like http://127.0.0.1:5281/api/v3", s)
	}
	return nil
}
