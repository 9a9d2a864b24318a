package control

import (
	"encoding/json"
	"net/http"

	"emanagement/verb"
)

// description describes a verb to a caller, as JSON.
type description struct {
	Name     string  `json:"name"`
	Summary  string  `json:"summary"`
	Help     string  `json:"help"`
	Role     string  `json:"role"`
	Long     bool    `json:"long"`
	Destroys bool    `json:"destroys"`
	Params   []param `json:"params"`
}

// param describes a parameter of a verb, as JSON.
type param struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Takes    string   `json:"takes"`
	Options  []string `json:"options,omitempty"`
	Required bool     `json:"required"`
	Multiple bool     `json:"multiple"`
	Extra    bool     `json:"extra"`
}

// list answers a request by the verbs that the caller may run.
func (f *front) list(w http.ResponseWriter, r *http.Request) {
	requester, err := peer(r.Context())
	if err != nil {
		f.log.Error("a request on the control socket failed", "why", err)
		http.Error(w, "the calling process cannot be identified", http.StatusInternalServerError)
		return
	}
	verbs := []description{}
	for _, v := range f.namespace.Visible(requester) {
		verbs = append(verbs, describe(v))
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(verbs) // a caller that has left needs no answer
}

// describe returns the description of a verb.
func describe(v *verb.Verb) description {
	d := description{Name: v.Name, Summary: v.Summary, Help: v.Help, Role: v.Role.String(), Long: v.Long, Destroys: v.Destroys(), Params: []param{}}
	for _, p := range v.Params {
		d.Params = append(d.Params, param{
			Name: p.Name, Label: p.Label, Takes: p.Kind.String(), Options: p.Kind.Options(),
			Required: p.Required, Multiple: p.Kind.Multi(), Extra: p.Extra,
		})
	}
	return d
}
