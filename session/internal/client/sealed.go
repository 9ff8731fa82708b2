package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"coatcheck.dev/seal"
	"coatcheck.dev/store"
)

// sealPurpose ties sealed data to its record: what stands in another record is refused.
func sealPurpose(id store.ID) string { return "session data " + string(id[:]) }

// sealed returns the record as the store gets it.
func (c *Client) sealed(r *store.Record) store.Record {
	out := *r
	if keys := c.opts.SealData; keys != nil {
		out.Data = r.Data.Seal(func(plain []byte) []byte { return keys.Seal(sealPurpose(r.ID), plain) })
	}
	return out
}

// unseal puts the plain data into a record that a store has told.
func (c *Client) unseal(r *store.Record) (err error) {
	r.Data, err = c.unsealed(r.ID, r.Data)
	return err
}

// unsealed returns the plain data. An error is store.ErrDamaged.
func (c *Client) unsealed(id store.ID, data store.Data) (store.Data, error) {
	text, sealed := data.Sealed()
	if !sealed {
		return data, nil
	}
	keys := c.opts.SealData
	if keys == nil {
		return store.Data{}, fmt.Errorf("%w: its data is sealed, and Options.SealData has no keys", store.ErrDamaged)
	}
	return data.Unseal(func([]byte) ([]byte, bool) { return keys.Open(sealPurpose(id), []byte(text)) })
}

// Reseal seals the data of all records anew that hang on an older key, or on none, and returns how many it has sealed
// and how many it had to leave, because they cannot be read. A record that somebody else saves meanwhile is sealed by
// that. Who breaks off can begin again.
func (c *Client) Reseal(ctx context.Context) (done, left int, err error) {
	keys := c.opts.SealData.Keys()
	if len(keys) == 0 {
		return 0, 0, errors.New("session: the ring has no keys")
	}
	q := store.Query{Limit: resealPage}
	for {
		page, err := c.List(ctx, q)
		if err != nil {
			return done, left, err
		}
		for i := range page {
			if !hangsOnOld(page[i].Data, keys[0].ID) {
				continue
			}
			switch err := c.resealOne(ctx, page[i].ID); {
			case err == nil:
				done++
			case errors.Is(err, store.ErrDamaged):
				left++
			case !IsAnswer(err): // gone, or saved by somebody else
				return done, left, err
			}
		}
		if len(page) < resealPage {
			return done, left, nil
		}
		q.After = page[len(page)-1].Cursor()
	}
}

const resealPage = 200

// hangsOnOld reports whether data is to be sealed anew.
func hangsOnOld(data store.Data, newest seal.KeyID) bool {
	text, sealed := data.Sealed()
	if !sealed {
		return data.Len() > 0
	}
	by, ok := seal.SealedBy([]byte(text))
	return !ok || by != newest
}

func (c *Client) resealOne(ctx context.Context, id store.ID) error {
	for range 3 {
		var r store.Record
		err := c.read(ctx, "load", id, time.Now(), func(ctx context.Context) (err error) {
			r, err = c.store.Load(ctx, id)
			return err
		})
		if err != nil {
			return err
		}
		if err := c.unseal(&r); err != nil {
			return c.Report("seal data anew", id, err)
		}
		if err = c.Save(ctx, &r, time.Now()); !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
	return nil // somebody saves it all the time, and that seals it
}
