// Elements where there is no React: what Leaflet is given to show.

export function el(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((each) => each !== null && each !== undefined));
  return made;
}
