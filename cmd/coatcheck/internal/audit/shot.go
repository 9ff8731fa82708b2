package audit

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
)

// Bounds of the screenshots of an audit.
const (
	maxShots     = 60
	maxShotBytes = 400 << 10
)

// shoot takes a screenshot of the page, as far as there is room for it.
func (d *director) shoot(ctx context.Context, v *visitor) {
	if d.options.NoShots || d.shots >= maxShots {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	image, err := cdp.Call(ctx, v.tab, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Format: page.CaptureScreenshotFormatJpeg, Quality: new(int64(50)), OptimizeForSpeed: new(true),
	})
	if err != nil || len(image.Data) > maxShotBytes {
		return // an audit is none of looks
	}
	v.mu.Lock()
	at := v.now()
	v.mu.Unlock()
	d.shots++
	scene := d.current()
	scene.Shots = append(scene.Shots, Shot{Page: at.Page, After: at.After, JPEG: image.Data})
}
