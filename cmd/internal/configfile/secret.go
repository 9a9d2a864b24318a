package configfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"emanagement/oserror"
)

// ExposedError refuses a file with a secret that other users can read.
type ExposedError struct {
	File string
	Mode fs.FileMode
}

func (e *ExposedError) Error() string {
	return fmt.Sprintf("%s: others can read it (mode %04o); chmod 600 it; if its mode cannot be changed, as that of a file mounted into a container, make a copy", e.File, e.Mode)
}

// ReadSecret returns the only line of a file without white space around it. Only the
// file's owner and group may be able to read it. The error names the file. It is an
// *ExposedError if other users can read the file.
func ReadSecret(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, oserror.File(file, err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, &ExposedError{file, info.Mode().Perm()}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, oserror.File(file, err)
	}
	secret, err := ParseSecret(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return secret, nil
}

// ParseSecret returns the only line of a text without white space around it. It also
// removes the byte order mark that some editors write.
func ParseSecret(text []byte) ([]byte, error) {
	if err := checkUTF8(text); err != nil {
		return nil, err
	}
	secret := bytes.TrimSpace(bytes.TrimPrefix(text, bom))
	switch {
	case len(secret) == 0:
		return nil, errors.New("empty")
	case bytes.ContainsAny(secret, "\r\n"):
		return nil, errors.New("more than one line")
	case bytes.ContainsRune(secret, nbsp):
		return nil, errors.New("it has a no-break space (U+00A0), which looks like a space and is none")
	}
	return secret, nil
}
