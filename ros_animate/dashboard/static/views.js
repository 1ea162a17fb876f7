// The images, with the outline of the face that is followed.
const NAMES = ['camera', 'animated', 'robot'];
const HEADER_BYTES = 5;
const STALE_MS = 2000;

class View {
  constructor(figure) {
    this.figure = figure;
    this.canvas = figure.querySelector('canvas');
    this.rate = figure.querySelector('.rate');
    this.times = [];
    this.frames = 0;
  }

  draw(bitmap, size, decorate) {
    const { canvas } = this;
    if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      this.figure.style.setProperty('--aspect', bitmap.width / bitmap.height);
    }
    const context = canvas.getContext('2d');
    context.drawImage(bitmap, 0, 0);
    decorate(context, canvas);
    this.frames += 1;
    canvas.dataset.frames = this.frames;
    this.size = size;
    this.times.push(performance.now());
    if (this.times.length > 30) this.times.shift();
    this.figure.classList.add('live');
  }

  tick() {
    const now = performance.now();
    const recent = this.times.filter((time) => now - time < STALE_MS);
    this.figure.classList.toggle('live', recent.length > 0);
    const rate = recent.length > 1 ? (recent.length - 1) / (recent.at(-1) - recent[0]) * 1000 : 0;
    this.rate.textContent = recent.length ? `${this.size[0]} × ${this.size[1]} · ${rate.toFixed(0)} / s` : '';
  }
}

export class Views {
  constructor(figures, follow) {
    this.views = Object.fromEntries([...figures].map((f) => [f.dataset.view, new View(f)]));
    this.faces = [];
    const { canvas } = this.views.camera;
    canvas.onclick = (event) => {
      const face = faceAt(this.faces, event.offsetX / canvas.clientWidth, event.offsetY / canvas.clientHeight);
      if (face?.id) follow(face.id);
    };
    setInterval(() => Object.values(this.views).forEach((view) => view.tick()), 500);
  }

  async show(data) {
    const header = new DataView(data, 0, HEADER_BYTES);
    const name = NAMES[header.getUint8(0)];
    const size = [header.getUint16(1, true), header.getUint16(3, true)];
    const blob = new Blob([new Uint8Array(data, HEADER_BYTES)], { type: 'image/jpeg' });
    const bitmap = await createImageBitmap(blob);
    this.views[name].draw(bitmap, size, (context, canvas) => {
      if (name === 'camera') this.faces.forEach((face) => drawOutline(context, canvas, face));
    });
    bitmap.close();
  }
}

function faceAt(faces, x, y) {
  const center = (face) => face.outline.reduce(([a, b], [c, d]) => [a + c / face.outline.length, b + d / face.outline.length], [0, 0]);
  const distance = (face) => Math.hypot(center(face)[0] - x, center(face)[1] - y);
  return [...faces].sort((a, b) => distance(a) - distance(b))[0];
}

function drawOutline(context, canvas, { id, outline, followed }) {
  context.beginPath();
  outline.forEach(([x, y], i) => {
    context[i ? 'lineTo' : 'moveTo'](x * canvas.width, y * canvas.height);
  });
  context.closePath();
  context.lineWidth = followed ? 3 : 1.5;
  context.setLineDash(followed ? [] : [5, 4]);
  context.strokeStyle = followed ? '#4fd1b5' : '#f5d76e';
  context.stroke();
  if (!id) return;
  const top = outline.reduce((a, b) => (b[1] < a[1] ? b : a));
  context.font = '600 13px system-ui, sans-serif';
  context.fillStyle = context.strokeStyle;
  context.fillText(id, top[0] * canvas.width + 4, Math.max(14, top[1] * canvas.height - 6));
}
