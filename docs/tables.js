// Wide tables scroll sideways: let the keyboard reach them, too.
window.addEventListener("load", () => {
  document.querySelectorAll(".md-typeset__scrollwrap, .highlight pre > code").forEach(
    (region) => region.setAttribute("tabindex", "0")
  )
})
