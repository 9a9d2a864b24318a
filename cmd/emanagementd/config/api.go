package config

import (
	"errors"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/cmd/internal/configfile"
	"emanagement/server/ejabberd"
)

// checkAPI returns the endpoint that the key api describes. Its URL is empty if the key
// is missing. If there is an error, key is the wrong key below api.
func checkAPI(a configfile.API) (e ejabberd.Endpoint, key string, err error) {
	if a == (configfile.API{}) {
		return e, "", nil
	}
	if a.URL == "" {
		return e, "url", errors.New("missing; the URL of the server's mod_http_api, such as http://127.0.0.1:5281/api/v3")
	}
	if err := ejabberd.CheckURL(a.URL); err != nil {
		return e, "url", err
	}
	e.URL = a.URL
	switch {
	case a.TokenFile != "" && (a.User != "" || a.PasswordFile != ""):
		return e, "token_file", errors.New("there is also a user with a password; use only one of them")
	case a.TokenFile != "":
		token, err := configfile.ReadSecret(a.TokenFile)
		e.Token = string(token)
		return e, "token_file", err
	case a.User != "":
		return checkAccount(a, e)
	case a.PasswordFile != "":
		return e, "user", errors.New("missing; password_file needs it")
	}
	return e, "", nil
}

// checkAccount adds the user and the password to the endpoint. If there is an error, key
// is the wrong key below api.
func checkAccount(a configfile.API, e ejabberd.Endpoint) (_ ejabberd.Endpoint, key string, err error) {
	user, err := jid.Parse(a.User)
	if err != nil || user.Localpart() == "" || user.Resourcepart() != "" {
		return e, "user", fmt.Errorf("%q is not an account such as admin@example.org", a.User)
	}
	if a.PasswordFile == "" {
		return e, "password_file", fmt.Errorf("missing; it names the file with the password of %s", user)
	}
	password, err := configfile.ReadSecret(a.PasswordFile)
	e.User, e.Password = user.String(), string(password)
	return e, "password_file", err
}
