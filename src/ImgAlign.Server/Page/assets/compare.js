// <compare-slider>: two pictures, the second one to the right of a bar that is moved by pointer or arrow keys.
class CompareSlider extends HTMLElement {
  connectedCallback() {
    if (this.range) return;
    this.first = this.appendChild(new Image());
    this.second = this.appendChild(new Image());
    this.second.className = "after";
    this.appendChild(document.createElement("span")).className = "bar";
    for (const [side, text] of [["left", "before"], ["right", "after"]]) {
      const tag = this.appendChild(document.createElement("span"));
      tag.className = `tag ${side}`;
      tag.textContent = text;
    }
    this.range = this.appendChild(document.createElement("input"));
    Object.assign(this.range, { type: "range", min: 0, max: 100, value: 50 });
    this.range.setAttribute("aria-label", "How much is shown of the picture before");
    this.range.addEventListener("input", () => this.style.setProperty("--at", `${this.range.value}%`));
  }

  show(before, after) {
    [this.first.src, this.first.alt] = [before, "The picture before"];
    [this.second.src, this.second.alt] = [after, "The picture after"];
    for (const image of [this.first, this.second]) sharpen(image);
  }
}

// Small pictures are enlarged pixel by pixel.
export function sharpen(image) {
  const look = () => image.classList.toggle("small", image.naturalWidth > 0 && image.naturalWidth < 128);
  image.addEventListener("load", look, { once: true });
  look();
}

customElements.define("compare-slider", CompareSlider);
