/* Everything here is extra: each page works without it. No inline code, no eval, no text of its own. */
(() => {
  "use strict";
  const root = document.documentElement, body = document.body;
  const $ = (selector, from = document) => from.querySelector(selector);
  const words = ($("#words") || { dataset: {} }).dataset;
  const say = (text, value) => (text || "").replace("%s", value).replace("%%", "%");
  root.dataset.js = "";

  /* ---- Announcer: one message per 5 s while something runs, the last one always ---- */
  let spokeAt = 0, waiting = 0;
  function announce(text, now) {
    const region = $(now ? "#announce-now" : "#announce");
    if (!region || !text) return;
    clearTimeout(waiting);
    const speak = () => { spokeAt = Date.now(); region.textContent = ""; setTimeout(() => { region.textContent = text; }, 50); };
    const rest = now ? 0 : spokeAt + 5000 - Date.now();
    if (rest > 0) waiting = setTimeout(speak, rest); else speak();
  }
  const spoken = (detail) => (typeof detail === "string" ? detail : detail.value);
  body.addEventListener("announce", (e) => announce(spoken(e.detail)));
  body.addEventListener("announce-now", (e) => announce(spoken(e.detail), true));

  /* ---- Polling: stop in a hidden tab or when paused, slow down when the server is away ---- */
  let failures = 0, retryAt = 0, lastAnswer = new Date();
  const PAUSED = "offboard.paused";
  const paused = () => { try { return localStorage.getItem(PAUSED) === "1"; } catch { return false; } };
  const held = () => document.hidden || paused() || Date.now() < retryAt;
  body.addEventListener("htmx:beforeRequest", (e) => {
    if (e.detail.elt.matches("[data-poll]") && held()) e.preventDefault();
  });
  function offline(on) {
    const line = $("#offline");
    if (!line || line.hidden !== on) return;
    line.hidden = !on;
    const clock = lastAnswer.toLocaleTimeString(root.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    const text = say(words.offline, clock);
    $("[data-text]", line).textContent = on ? text : "";
    if (on) announce(text, true);
  }
  function missed(e) {
    if (!e.detail.elt.matches("[data-poll]")) return;
    failures += 1;
    if (failures < 3) return;
    retryAt = Date.now() + Math.min(30000, 2000 * 2 ** (failures - 3));
    offline(true);
  }
  ["htmx:sendError", "htmx:timeout", "htmx:responseError"].forEach((name) => body.addEventListener(name, missed));
  body.addEventListener("htmx:afterRequest", (e) => {
    if (!e.detail.successful) return;
    failures = retryAt = 0;
    lastAnswer = new Date();
    offline(false);
  });
  const pollNow = () => document.querySelectorAll("[data-poll]").forEach((el) => {
    if (window.htmx && !held()) window.htmx.ajax("GET", el.getAttribute("hx-get"), { source: el, target: el, swap: "outerHTML" });
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) pollNow(); });
  function showPause(from = document) {
    from.querySelectorAll("[data-pause]").forEach((button) => {
      button.setAttribute("aria-pressed", paused());
      button.textContent = paused() ? words.updatesResume : words.updatesPause;
    });
  }

  /* ---- Presses ---- */
  const acts = {
    copy(button) {
      navigator.clipboard.writeText(button.dataset.copy).then(() => {
        const label = $("span", button), before = label.textContent;
        label.textContent = words.copied;
        announce(words.copied);
        setTimeout(() => { label.textContent = before; }, 2000);
      });
    },
    show(button) {
      const input = document.getElementById(button.dataset.show), on = input.type === "password";
      input.type = on ? "text" : "password";
      button.setAttribute("aria-pressed", on);
    },
    pause() {
      try { localStorage.setItem(PAUSED, paused() ? "0" : "1"); } catch { /* storage is off: the press does nothing */ }
      showPause();
      pollNow();
    },
    extend(button) {
      sitting("POST").then((now) => { dismiss(); if (now) watchSession(now.ends); else location.reload(); });
    },
    dismiss() { dismiss(); },
    print() { window.print(); },
    closeDrawer() { closeDrawer(); },
  };
  const csrf = () => { try { return JSON.parse(body.getAttribute("hx-headers"))["X-CSRFToken"]; } catch { return ""; } };
  const plain = (e) => !(e.button || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey);
  document.addEventListener("click", (e) => {
    const el = e.target.closest("[data-copy],[data-show],[data-pause],[data-extend],[data-dismiss],[data-close-drawer],[data-print],[data-dialog],[data-close]");
    if (!el || !plain(e)) return;
    if (el.matches("[data-dialog]")) return void (openDialog(el.href) && e.preventDefault());
    if (el.matches("[data-close]")) { const box = el.closest("dialog"); if (box) { e.preventDefault(); box.close(); } return; }
    const name = Object.keys(acts).find((key) => key in el.dataset);
    e.preventDefault();
    acts[name](el);
  });

  /* ---- An emergency's clock: text, and never announced ---- */
  const two = (n) => String(n).padStart(2, "0");
  setInterval(() => document.querySelectorAll("[data-since]").forEach((el) => {
    const s = Math.max(0, Math.floor((Date.now() - Date.parse(el.dataset.since)) / 1000));
    el.textContent = `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  }), 1000);

  /* ---- A pressed button says what is going on, and cannot be pressed twice ---- */
  const labels = new WeakMap();
  function press(form, button) {
    form.dataset.sent = "";
    setTimeout(() => release(form), 10000); // a download leaves the page as it is
    if (!button || !button.matches(".btn, .cast button")) return;
    button.setAttribute("aria-disabled", "true");
    if (!button.dataset.busy) return;
    labels.set(button, [...button.childNodes]);
    button.replaceChildren(button.dataset.busy);
  }
  function release(form) {
    if (!form || !("sent" in form.dataset)) return;
    delete form.dataset.sent;
    form.querySelectorAll("[aria-disabled]").forEach((button) => {
      button.removeAttribute("aria-disabled");
      if (labels.has(button)) button.replaceChildren(...labels.get(button));
      labels.delete(button);
    });
  }
  const guard = (e) => { if ("sent" in e.target.dataset) { e.preventDefault(); e.stopPropagation(); } };
  document.addEventListener("submit", guard, true);
  document.addEventListener("submit", (e) => { if (!e.defaultPrevented) setTimeout(press, 0, e.target, e.submitter); });
  body.addEventListener("htmx:beforeRequest", (e) => {
    const cause = e.detail.requestConfig.triggeringEvent;
    if (e.detail.elt.matches("form") && !e.defaultPrevented) press(e.detail.elt, cause && cause.submitter);
  });
  body.addEventListener("htmx:afterRequest", (e) => release(e.detail.elt.closest("form")));
  window.addEventListener("pageshow", (e) => { if (e.persisted) document.querySelectorAll("[data-sent]").forEach(release); });

  /* ---- Confirm pages in one dialog ---- */
  const dialog = $("#dialog");
  function openDialog(url) {
    if (!dialog || !window.htmx || !dialog.showModal) return false;
    window.htmx.ajax("GET", url, { target: "#dialog", swap: "innerHTML", select: "[data-confirm]" }).then(() => {
      if (!$("[data-confirm]", dialog)) return void location.assign(url);
      dialog.showModal();
      const heading = $("[tabindex]", dialog);
      if (heading) heading.focus();
    });
    return true;
  }
  if (dialog) dialog.addEventListener("close", () => dialog.replaceChildren());

  /* ---- Drawer: beside the list where there is room, else a page ---- */
  let opener = "", backTo = "";
  body.addEventListener("htmx:confirm", (e) => {
    const link = e.detail.elt;
    if (!link.matches("a[data-drawer]")) return;
    if (!matchMedia("(width >= 1100px)").matches) { e.preventDefault(); location.assign(link.href); return; }
    opener = link.id;
    backTo = backTo || location.href;
  });
  function closeDrawer() {
    const slot = $("#drawer"), shut = $("[data-close-drawer]", slot);
    if (!shut) return;
    if (!backTo) return void location.assign(shut.href);
    slot.replaceChildren();
    history.pushState({ htmx: true }, "", backTo);
    backTo = "";
    const back = document.getElementById(opener);
    if (back) back.focus();
  }
  body.addEventListener("htmx:afterSwap", (e) => {
    const part = e.detail.target;
    showPause();
    const heading = part.id === "drawer" ? $("h2[tabindex]", part) : $("[data-error-summary]", part);
    if (heading) heading.focus();
  });

  /* ---- Keys ---- */
  const goes = { w: "/", r: "/requests/", f: "/follow-ups/" };
  let going = 0;
  const typing = (el) => el.closest("input, textarea, select, [contenteditable]");
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && !typing(e.target) && !$("dialog[open]") && $("#drawer .drawer")) return closeDrawer();
    if (body.dataset.keys !== "on" || e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || $("dialog[open]")) return;
    const go = Date.now() - going < 1500 && goes[e.key];
    going = e.key === "g" ? Date.now() : 0;
    if (go) location.assign(go);
    else if (e.key === "?") location.assign("/help/keys/");
    else if (e.key === "/" && $("#search")) { e.preventDefault(); $("#search").focus(); }
  });

  /* ---- Upload: drop, paste, preview, hash; the plain input stays the one that is sent ---- */
  function kinds(input) { return input.accept.split(",").map((kind) => kind.trim()).filter(Boolean); }
  function fits(input, file) {
    return !kinds(input).length || kinds(input).some((kind) => (kind.startsWith(".") ? file.name.toLowerCase().endsWith(kind) : kind.endsWith("/*") ? file.type.startsWith(kind.slice(0, -1)) : file.type === kind));
  }
  const size = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1000))} KB` : `${(bytes / 1e6).toFixed(1)} MB`);
  function refuse(box, text) {
    const line = $("[data-upload-error]", box);
    $("[data-text]", line).textContent = text;
    line.hidden = !text;
    box.classList.toggle("has-error", !!text);
    if (text) announce(text, true);
  }
  async function digest(file) {
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  function put(input, files) {
    const bag = new DataTransfer();
    files.forEach((file) => bag.items.add(file));
    input.files = bag.files;
  }
  function row(box, input, file) {
    const item = $("template[data-file-row]", box).content.cloneNode(true).firstElementChild;
    item.dataset.chosen = "";
    $("[data-name]", item).textContent = file.name;
    $("[data-size]", item).textContent = size(file.size);
    if (file.type.startsWith("image/")) {
      const picture = $("img", item);
      picture.src = URL.createObjectURL(file);
      picture.hidden = false;
      picture.onload = () => URL.revokeObjectURL(picture.src);
    }
    if (crypto.subtle) digest(file).then((hash) => { const code = $("[data-hash]", item); code.textContent = `${hash.slice(0, 4)}…${hash.slice(-4)}`; code.title = hash; });
    $("[data-remove]", item).addEventListener("click", () => {
      put(input, [...input.files].filter((other) => other !== file));
      item.remove();
      input.focus();
      announce(say(words.fileRemoved, file.name));
    });
    return item;
  }
  function show(box, input) {
    const list = $("[data-files]", box), max = Number(box.dataset.max) || Infinity;
    list.querySelectorAll("[data-chosen]").forEach((item) => item.remove());
    refuse(box, "");
    const good = [...input.files].filter((file) => {
      const why = !fits(input, file) ? words.fileKind : file.size > max ? words.fileLarge : "";
      if (why) refuse(box, say(why, file.name));
      return !why;
    });
    if (good.length !== input.files.length) put(input, good);
    good.forEach((file) => { list.append(row(box, input, file)); announce(say(words.fileAdded, file.name)); });
  }
  function take(box, files) {
    const input = $("input[type=file]", box);
    if (!files.length) return;
    put(input, input.multiple ? [...input.files, ...files] : [files[0]]);
    show(box, input);
  }
  const named = (blob) => new File([blob], `screenshot-${new Date().toISOString().slice(0, 19).replace(/:/g, "")}.png`, { type: blob.type });
  async function pasteFromClipboard(box) {
    for (const item of await navigator.clipboard.read()) {
      const kind = item.types.find((type) => type.startsWith("image/"));
      if (kind) take(box, [named(await item.getType(kind))]);
    }
  }
  document.addEventListener("change", (e) => { const box = e.target.closest("[data-upload]"); if (box && e.target.type === "file") show(box, e.target); });
  ["dragover", "dragleave", "drop"].forEach((name) => document.addEventListener(name, (e) => {
    const area = e.target.closest && e.target.closest("[data-drop]");
    if (!area) return;
    e.preventDefault();
    area.classList.toggle("over", name === "dragover");
    if (name === "drop") take(area.closest("[data-upload]"), [...e.dataTransfer.files]);
  }));
  document.addEventListener("paste", (e) => {
    const boxes = document.querySelectorAll("[data-upload]");
    const box = e.target.closest && e.target.closest("[data-upload]") || (boxes.length === 1 && !typing(e.target) && boxes[0]);
    const files = [...e.clipboardData.files];
    if (box && files.length) { e.preventDefault(); take(box, files.map((file) => (file.name === "image.png" ? named(file) : file))); }
  });
  function readyUploads(from) {
    from.querySelectorAll("[data-paste]").forEach((button) => {
      if (!navigator.clipboard || !navigator.clipboard.read || button.dataset.ready) return;
      button.dataset.ready = "";
      button.hidden = false;
      button.addEventListener("click", () => pasteFromClipboard(button.closest("[data-upload]")).catch(() => { button.hidden = true; }));
    });
  }
  body.addEventListener("htmx:load", (e) => readyUploads(e.detail.elt));
  body.addEventListener("htmx:xhr:progress", (e) => {
    const box = $("[data-upload]", e.detail.elt), bar = box && $("progress", box);
    if (!bar || !e.detail.lengthComputable) return;
    bar.hidden = false;
    bar.value = Math.round(100 * e.detail.loaded / e.detail.total);
  });

  /* ---- Small things ---- */
  document.addEventListener("allauth.error", (e) => {
    e.preventDefault();
    const line = $("[data-passkey-error]");
    if (!line) return;
    line.hidden = false;
    announce(line.textContent.trim(), true);
  });
  document.querySelectorAll("select[data-zone-guess]").forEach((select) => {
    const guess = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if ([...select.options].some((option) => option.value === guess)) select.value = guess;
  });
  /* What somebody opened or closed stays so when its part is brought anew. */
  const folds = new Map();
  body.addEventListener("click", (e) => {
    const fold = e.target.closest("details[data-keep] > summary")?.parentElement;
    if (fold) folds.set(fold.dataset.keep, !fold.open);
  });
  const refold = () => document.querySelectorAll("details[data-keep]").forEach((el) => { if (folds.has(el.dataset.keep)) el.open = folds.get(el.dataset.keep); });
  ["htmx:afterSwap", "htmx:oobAfterSwap"].forEach((name) => body.addEventListener(name, refold));
  /* ---- The end of a sign-in: said two minutes before, put off with one press. Another window may have put it off already. ---- */
  let sessionTimer = 0, cameFrom = null;
  const warning = $("#session-warning");
  function sitting(method) {
    return fetch(body.dataset.sessionUrl, { method, headers: { "X-CSRFToken": csrf() } })
      .then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  }
  function watchSession(ends) {
    const left = Date.parse(ends) - Date.now() - 120000;
    if (!warning || Number.isNaN(left)) return;
    clearTimeout(sessionTimer);
    sessionTimer = setTimeout(() => sitting("GET").then((now) => {
      if (now && Date.parse(now.ends) - Date.now() > 125000) return watchSession(now.ends);
      warn(!now || now.extends);
    }), Math.max(0, Math.min(left, 2 ** 31 - 1)));
  }
  function warn(extendable) {
    const text = $("#session-text"), press = $("[data-extend]", warning), known = $("[data-dismiss]", warning);
    text.textContent = extendable ? text.dataset.idle : text.dataset.whole;
    press.hidden = !extendable;
    known.hidden = extendable;
    cameFrom = document.activeElement;
    warning.hidden = false;
    (extendable ? press : known).focus();
  }
  function dismiss() {
    warning.hidden = true;
    if (cameFrom && cameFrom.isConnected) cameFrom.focus();
  }
  watchSession(body.dataset.sessionEnds || "");
  const summary = $("[data-error-summary]");
  if (summary) {
    summary.focus();
    if (!document.title.startsWith(words.errorPrefix)) document.title = `${words.errorPrefix} ${document.title}`;
  }
  addEventListener("hashchange", () => { const el = document.getElementById(location.hash.slice(1)); if (el) el.focus(); });
  document.addEventListener("toggle", (e) => {
    if (e.target.matches && e.target.matches(".account[open]")) document.addEventListener("click", (press) => { if (!e.target.contains(press.target)) e.target.open = false; }, { once: true });
  }, true);

  /* ---- Search by itself, 700 ms after an address is complete; never per letter. What is typed is not touched. ---- */
  document.querySelectorAll("form[data-find]").forEach((form) => {
    const field = form.elements.email, complete = /^[^\s@,;]+@([^\s@.,;]+\.)+[^\s@.,;]{2,}$/;
    let timer = 0, last = field.value.trim();
    field.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const wanted = field.value.trim();
        if (!window.htmx || wanted === last || !complete.test(wanted) || "sent" in form.dataset) return;
        last = wanted;
        window.htmx.ajax("POST", form.action, { source: form, target: form.dataset.find, swap: "outerHTML" });
      }, 700);
    });
    form.addEventListener("submit", () => clearTimeout(timer));
  });
  showPause();
  readyUploads(document);
  window.addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((el) => { el.open = true; el.dataset.printed = ""; }));
  window.addEventListener("afterprint", () => document.querySelectorAll("[data-printed]").forEach((el) => { el.open = false; delete el.dataset.printed; }));
})();
