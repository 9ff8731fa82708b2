package sqlstore
import ("context";"coatcheck.dev/store")
func (e *embedded) check(ctx context.Context) ([]store.Finding, error) { return nil, nil }
