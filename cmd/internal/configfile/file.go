// Package configfile reads the configuration as it is written: a YAML file, and
// environment variables that override its keys. Both programs read it. What the values
// mean is checked by the daemon's own package config.
package configfile

import (
	"strings"

	"emanagement/cmd/internal/paths"
)

// Path is the usual place of the configuration.
const Path = paths.Config

// File is the configuration as it is written.
type File struct {
	JID        string   `yaml:"jid"`
	Server     string   `yaml:"server"`
	Secret     string   `yaml:"-"` // only from the environment
	SecretFile string   `yaml:"secret_file"`
	State      string   `yaml:"state"`
	Audit      string   `yaml:"audit"`
	Control    string   `yaml:"control"`
	Group      string   `yaml:"control_group"`
	MaxStanza  int      `yaml:"max_stanza_size"`
	Hosts      []string `yaml:"hosts"`
	Access     []Access `yaml:"access"`
	API        API      `yaml:"api"`
}

// Access is an entry of the key access.
type Access struct {
	JID         string   `yaml:"jid"`
	UID         *uint32  `yaml:"uid"`
	GID         *uint32  `yaml:"gid"`
	Role        string   `yaml:"role"`
	Hosts       []string `yaml:"hosts"`
	Unconfirmed []string `yaml:"unconfirmed"`
}

// API is the key api: where the server offers its API commands over HTTP.
type API struct {
	URL          string `yaml:"url"`
	TokenFile    string `yaml:"token_file"`
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
}

// The environment variables and the keys they stand for.
const (
	envJID        = "EMANAGEMENT_JID"
	envServer     = "EMANAGEMENT_SERVER"
	EnvSecret     = "EMANAGEMENT_SECRET"
	envSecretFile = "EMANAGEMENT_SECRET_FILE"
	envState      = "EMANAGEMENT_STATE"
	envAudit      = "EMANAGEMENT_AUDIT"
	envControl    = "EMANAGEMENT_CONTROL"
	envGroup      = "EMANAGEMENT_CONTROL_GROUP"
	envHosts      = "EMANAGEMENT_HOSTS"
	envAPIURL     = "EMANAGEMENT_API_URL"
)

// Override takes over what the environment says. It returns where the value of each key
// that the environment sets came from.
func (f *File) Override(getenv func(string) string) (from map[string]string) {
	from = make(map[string]string)
	take := func(env, key string, into *string) {
		if v := getenv(env); v != "" {
			*into, from[key] = v, "environment variable "+env
		}
	}
	take(envJID, "jid", &f.JID)
	take(envServer, "server", &f.Server)
	take(EnvSecret, "secret_file", &f.Secret)
	take(envSecretFile, "secret_file", &f.SecretFile)
	take(envState, "state", &f.State)
	take(envAudit, "audit", &f.Audit)
	take(envControl, "control", &f.Control)
	take(envGroup, "control_group", &f.Group)
	take(envAPIURL, "api.url", &f.API.URL)
	var hosts string
	take(envHosts, "hosts", &hosts)
	if hosts != "" {
		f.Hosts = strings.FieldsFunc(hosts, func(r rune) bool { return r == ',' || r == ' ' })
		if len(f.Hosts) == 0 {
			f.Hosts = []string{hosts} // no host is not every host
		}
	}
	return from
}
