"use strict";

// A divider between two pictures of a scene: they are those that the page shows already.
for (const compare of document.querySelectorAll(".compare")) {
  const pictures = compare.parentElement.querySelector(".pictures");
  const stage = compare.querySelector(".stage");
  const slider = compare.querySelector("input");
  const sides = ["left", "right"].map((side) => ({
    shown: compare.querySelector("img." + side),
    picked: compare.querySelector(".pick-" + side),
  }));
  const words = (select) => select.selectedOptions[0].textContent;

  const show = () => {
    for (const { shown, picked } of sides) {
      const picture = pictures.querySelector(`img[data-name="${picked.value}"]`);
      shown.src = picture.src;
      shown.alt = picture.alt;
      shown.classList.toggle("sharp", ["quality", "classes", "prediction"].includes(picked.value));
    }
    move();
  };
  const move = () => {
    stage.style.setProperty("--at", slider.value + "%");
    const [left, right] = sides.map((side) => words(side.picked));
    slider.setAttribute("aria-valuetext", `${slider.value} % ${left}, the rest ${right}`);
  };
  const follow = (event) => {
    const box = stage.getBoundingClientRect();
    slider.value = Math.round((100 * (event.clientX - box.left)) / box.width);
    move();
  };

  slider.addEventListener("input", move);
  for (const { picked } of sides) picked.addEventListener("change", show);
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
    follow(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) follow(event);
  });
  show();
  compare.hidden = false;
}

// Tables sorted by the buttons of their headings; cells without a value come last.
for (const button of document.querySelectorAll("[data-sort-by]")) {
  button.addEventListener("click", () => {
    const heading = button.closest("th");
    const table = heading.closest("table");
    const up = heading.getAttribute("aria-sort") !== "ascending";
    for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", up ? "ascending" : "descending");
    const value = (row) => {
      const cell = row.children[heading.cellIndex];
      if (button.dataset.sortBy === "text") return cell.textContent.trim();
      return cell.dataset.sort ? Number(cell.dataset.sort) : null;
    };
    const compare = (a, b) => {
      const [one, two] = [value(a), value(b)];
      if (one === null || two === null) return (one === null) - (two === null);
      const order = typeof one === "number" ? one - two : one.localeCompare(two, "en", { numeric: true });
      return up ? order : -order;
    };
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort(compare));
  });
}
