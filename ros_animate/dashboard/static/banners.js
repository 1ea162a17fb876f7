// Lines above everything else, the newest of those that hold.
const banners = new Map();

function show() {
  const banner = document.getElementById('banner');
  if (!banner) return;
  const [kind, text] = [...banners].at(-1) || ['', ''];
  banner.hidden = !text;
  banner.dataset.kind = kind;
  banner.querySelector('span').textContent = text;
  banner.querySelector('button').onclick = () => clearBanner(kind);
}

export function setBanner(kind, text) {
  banners.delete(kind);
  banners.set(kind, text);
  show();
}

export function clearBanner(kind) {
  if (banners.delete(kind)) show();
}
