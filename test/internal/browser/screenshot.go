package browser

import (
	"context"
	"os"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// A Shot says what a screenshot shows.
type Shot struct {
	Width, Height int     // of the window in CSS pixels; zero means 1280 by 800
	Scale         float64 // device pixels for one CSS pixel; zero means 1
	Dark          bool    // as a visitor who prefers a dark colour scheme sees it, else a light one
	FullPage      bool    // all of the page, not only what fits the window
}

// Screenshot writes a picture of the page to a PNG file. The window's size and the colour scheme stay until the
// next one, or until Restart.
func (b *Browser) Screenshot(file string, s Shot) {
	b.t.Helper()
	b.Look(s)
	capture := chromedp.CaptureScreenshot()
	if s.FullPage {
		capture = chromedp.FullScreenshot(100) // the quality that means PNG
	}
	if err := os.WriteFile(file, do(b, "screenshot", capture), 0o644); err != nil {
		b.t.Fatalf("screenshot: %v", err)
	}
}

// Look gives the window the size and the visitor the preferred colour scheme of a Shot, without taking it.
func (b *Browser) Look(s Shot) {
	b.t.Helper()
	if s.Width == 0 || s.Height == 0 {
		s.Width, s.Height = 1280, 800
	}
	if s.Scale == 0 {
		s.Scale = 1
	}
	scheme := "light"
	if s.Dark {
		scheme = "dark"
	}
	do(b, "set the window", func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
			Width: int64(s.Width), Height: int64(s.Height), DeviceScaleFactor: s.Scale,
		})
		if err != nil {
			return chromedp.Void{}, err
		}
		_, err = cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		return chromedp.Void{}, err
	})
}
