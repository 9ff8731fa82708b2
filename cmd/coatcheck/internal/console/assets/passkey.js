"use strict";

// Has the browser make or show a passkey, and sends what it says with the page's form. The server makes the options and
// judges the answer; this only turns bytes into text and back.
(() => {
  const form = document.getElementById("passkey");
  const problem = document.getElementById("problem");
  if (!form) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const readable = (options) => {
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const key of [...options.excludeCredentials || [], ...options.allowCredentials || []]) key.id = bytes(key.id);
    return options;
  };

  const written = (key) => {
    const from = key.response, to = { clientDataJSON: text(from.clientDataJSON) };
    if (from.attestationObject) {
      to.attestationObject = text(from.attestationObject);
      to.transports = from.getTransports ? from.getTransports() : [];
    } else {
      to.authenticatorData = text(from.authenticatorData);
      to.signature = text(from.signature);
      if (from.userHandle) to.userHandle = text(from.userHandle);
    }
    return JSON.stringify({ id: key.id, rawId: text(key.rawId), type: key.type, response: to, clientExtensionResults: {} });
  };

  const say = (line) => {
    problem.hidden = false;
    problem.textContent = line;
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!navigator.credentials) return say("This browser has no passkeys here. They need https, or localhost.");
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const publicKey = readable(JSON.parse(form.dataset.options));
      const key = await (publicKey.user ? navigator.credentials.create({ publicKey }) : navigator.credentials.get({ publicKey }));
      form.elements.answer.value = written(key);
      form.submit();
    } catch (error) {
      button.disabled = false;
      say(error.name === "InvalidStateError" ? "This device has a passkey of yours already."
        : "The browser has shown no passkey: it was cancelled, took too long, or there is none for this name.");
    }
  });
})();
