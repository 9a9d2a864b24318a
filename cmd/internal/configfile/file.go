// Package configfile reads the configuration: a YAML file, and environment variables that
// override its keys. It does not check the values; the daemon's package config does. The
// daemon and its callers use it.
package configfile

import (
	"strings"

	"emanagement/cmd/internal/paths"
)

// Path is the path of the configuration if no flag names another one.
const Path = paths.Config

// File is the unchecked configuration.
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
	Limits     Limits   `yaml:"limits"`
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

// API is the key api: how to reach the server's API commands over HTTP.
type API struct {
	URL          string `yaml:"url"`
	TokenFile    string `yaml:"token_file"`
	User         string `yaml:"user"`
	PasswordFile string `yaml:"password_file"`
}

// Limits is the key limits. What it leaves out has a default.
type Limits struct {
	Nick   *int `yaml:"nick"`
	Group  *int `yaml:"group"`
	Groups *int `yaml:"groups"`
	Form   *int `yaml:"form"`
	Stanza *int `yaml:"stanza"`
}

// The environment variables. OverrideFrom has the key of each.
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

// OverrideFrom overrides keys by the environment variables that are set. It returns the
// source of each overridden key, such as "environment variable EMANAGEMENT_JID".
func (f *File) OverrideFrom(getenv func(string) string) (sources map[string]string) {
	sources = make(map[string]string)
	override := func(env, key string, value *string) {
		if v := getenv(env); v != "" {
			*value, sources[key] = v, "environment variable "+env
		}
	}
	override(envJID, "jid", &f.JID)
	override(envServer, "server", &f.Server)
	override(EnvSecret, "secret_file", &f.Secret)
	override(envSecretFile, "secret_file", &f.SecretFile)
	override(envState, "state", &f.State)
	override(envAudit, "audit", &f.Audit)
	override(envControl, "control", &f.Control)
	override(envGroup, "control_group", &f.Group)
	override(envAPIURL, "api.url", &f.API.URL)
	var hosts string
	override(envHosts, "hosts", &hosts)
	if hosts != "" {
		f.Hosts = strings.FieldsFunc(hosts, func(r rune) bool { return r == ',' || r == ' ' })
		if len(f.Hosts) == 0 {
			f.Hosts = []string{hosts} // an empty list would mean the default
		}
	}
	return sources
}
