"use strict";

// Keeps the page of a job up to date while sessions are being ended. The page asks for itself again and takes over how far
// the job is; once it is done the page is loaded anew. Without scripts there is the link "Look again".
(() => {
  const NEXT = 1000; // ms until the next look
  const LATER = 5000; // ms until the next look at a server that did not answer

  const look = () => {
    const request = new XMLHttpRequest();
    request.open("GET", location.href);
    request.responseType = "document";
    request.setRequestHeader("Accept", "text/html");
    request.setRequestHeader("Coatcheck-Live", "1");
    request.onloadend = () => {
      const from = request.response, job = from && from.getElementById("job");
      if (!from) return setTimeout(look, LATER);
      if (!job || job.dataset.state !== "running") return location.reload();
      document.getElementById("far").replaceChildren(...document.adoptNode(from.getElementById("far")).childNodes);
      setTimeout(look, NEXT);
    };
    request.send();
  };
  setTimeout(look, NEXT);
})();
