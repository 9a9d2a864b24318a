package configfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"emanagement/oserror"
)

// OpenError refuses a file with a secret that others can read.
type OpenError struct {
	File string
	Mode fs.FileMode
}

func (e *OpenError) Error() string {
	return fmt.Sprintf("%s: others can read it (mode %04o); chmod 600 it; where its mode cannot be changed, as that of a secret that is mounted into a container, make a copy", e.File, e.Mode)
}

// SecretIn returns the only line of a file without white space around it. Only the
// file's owner and group may be able to read it. The error names the file; it is an
// *OpenError if others can read it.
func SecretIn(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, oserror.File(file, err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, &OpenError{file, info.Mode().Perm()}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, oserror.File(file, err)
	}
	secret, err := SecretLine(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return secret, nil
}

// SecretLine returns the only line of a text. The byte order mark and the end of line
// that editors and shells leave are not part of it.
func SecretLine(text []byte) ([]byte, error) {
	if err := isText(text); err != nil {
		return nil, err
	}
	secret := bytes.TrimSpace(bytes.TrimPrefix(text, bom))
	switch {
	case len(secret) == 0:
		return nil, errors.New("empty")
	case bytes.ContainsAny(secret, "\r\n"):
		return nil, errors.New("more than one line")
	case bytes.ContainsRune(secret, nbsp):
		return nil, errors.New("it holds a no-break space (U+00A0), which looks like a blank and is none")
	}
	return secret, nil
}
