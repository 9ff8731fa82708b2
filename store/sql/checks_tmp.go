package sqlstore

import (
	"coatcheck.dev/store"
	"context"
)

func (e *embedded) check(ctx context.Context) ([]store.Finding, error) { return nil, nil }
func (p *postgres) check(ctx context.Context) ([]store.Finding, error) { return nil, nil }
