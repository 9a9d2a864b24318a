package ejabberd

import "iter"

// answer is the result of a command. Both routes return one.
type answer interface {
	// list returns the elements of the result, or its only value.
	list() []string
	// records decodes elements that consist of several columns, in this order. The last
	// column may contain any text. An error ends the sequence.
	records(columns ...string) iter.Seq2[record, error]
	// isStructured reports whether the columns arrive apart from each other. Otherwise
	// the separator may also occur in a column, which is then split in the wrong place.
	isStructured() bool
}

// record is one element of a result, by column.
type record map[string]string

// allRecords returns all records of an answer. The answer must be short.
func allRecords(a answer, columns ...string) (records []record, err error) {
	for r, err := range a.records(columns...) {
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}
