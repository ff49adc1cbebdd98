// Wide tables scroll sideways: let the keyboard reach them, too.
window.addEventListener("load", () => {
  document.querySelectorAll(".md-typeset__scrollwrap, .highlight pre > code").forEach(
    (region) => region.setAttribute("tabindex", "0")
  )
  // What axe asks for: the theme gives its search a role and no name.
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
  // A picture opens at its full size.
  document.querySelectorAll(".md-typeset img").forEach((image) => {
    if (image.closest("a")) return
    const link = document.createElement("a")
    link.href = image.src
    link.title = "Full size"
    image.replaceWith(link)
    link.append(image)
  })
})
