// Buttons for the faces in sight, where there is more than one or somebody has selected one.
const RULES = ['largest', 'first', 'centre'];

export class People {
  constructor(place, follow) {
    Object.assign(this, { place, follow, shown: '' });
  }

  show(faces, rule) {
    const known = faces.filter((face) => face.id);
    const choices = known.length > 1 || (rule && !RULES.includes(rule)) ? [
      ...RULES.map((name) => ({ name, text: name, on: name === rule })),
      ...known.map(({ id, followed }) => ({ name: id, text: `face ${id}`, on: id === rule || followed }))] : [];
    const state = JSON.stringify(choices);
    if (state === this.shown) return;
    this.shown = state;
    this.place.hidden = !choices.length;
    this.place.replaceChildren('Follow', ...choices.map(({ name, text, on }) => {
      const button = document.createElement('button');
      Object.assign(button, { type: 'button', textContent: text, className: on ? 'on' : '' });
      button.setAttribute('aria-pressed', on);
      button.onclick = () => this.follow(name);
      return button;
    }));
  }
}
