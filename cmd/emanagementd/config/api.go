package config

import (
	"errors"
	"fmt"

	"mellium.im/xmpp/jid"

	"emanagement/cmd/internal/configfile"
	"emanagement/server/ejabberd"
)

// checkAPI turns what was written into an endpoint, whose URL is empty where
// nothing was, or says which key is wrong.
func checkAPI(a configfile.API) (e ejabberd.Endpoint, key string, err error) {
	if a == (configfile.API{}) {
		return e, "", nil
	}
	if a.URL == "" {
		return e, "url", errors.New("missing; where the server's mod_http_api listens, such as http://127.0.0.1:5281/api/v3")
	}
	if err := ejabberd.CheckURL(a.URL); err != nil {
		return e, "url", err
	}
	e.URL = a.URL
	switch {
	case a.TokenFile != "" && (a.User != "" || a.PasswordFile != ""):
		return e, "token_file", errors.New("there is a user with a password too; only one of them can be shown to the server")
	case a.TokenFile != "":
		token, err := configfile.SecretIn(a.TokenFile)
		e.Token = string(token)
		return e, "token_file", err
	case a.User != "":
		return account(a, e)
	case a.PasswordFile != "":
		return e, "user", errors.New("missing; whose password is it?")
	}
	return e, "", nil
}

func account(a configfile.API, e ejabberd.Endpoint) (ejabberd.Endpoint, string, error) {
	user, err := jid.Parse(a.User)
	if err != nil || user.Localpart() == "" || user.Resourcepart() != "" {
		return e, "user", fmt.Errorf("%q is not an account such as admin@example.org", a.User)
	}
	if a.PasswordFile == "" {
		return e, "password_file", fmt.Errorf("missing; it has the password of %s", user)
	}
	password, err := configfile.SecretIn(a.PasswordFile)
	e.User, e.Password = user.String(), string(password)
	return e, "password_file", err
}
