// Package banner asks visitors what may be kept for them: a banner on every page until they have answered, and a page
// on which they change their mind. Both work without JavaScript, by keyboard, on small screens and in the dark.
//
//	ask := banner.New(consent, banner.Options{})
//	mux.Handle("/consent/", ask)
//
//	// in every page, before its content; nothing for those who have answered
//	content, err := ask.HTML(w, r)
//
// The style sheet is at /consent/style.css. Its colours and fonts are custom properties, --consent-ground and others,
// which a site can set.
//
// # What is asked
//
// The purposes come from the inventory: those of all declarations that need consent, with what is kept for each. "No"
// is one click, as "yes" is, and the two look alike (CNIL recommendation 2020-092; EDPB guidelines 03/2022). Nothing is
// ticked before the visitor ticks it, and the site can be used without an answer. A link to the page belongs into the
// footer, because a change of mind is to be as easy as the answer (GDPR, article 7(3)).
//
// Browsers that send Sec-GPC: 1 are not asked about statistics and marketing; see [state.Consent.Open].
//
// Programs find the buttons by the attribute data-coatcheck-consent, which is accept, reject or settings.
package banner
