// Shows the records of the sample practice. Everything goes into the page as text, never as markup.

const node = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const fetched = async (path) => {
  const response = await fetch(path);
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail);
  return body;
};

const local = (at) => new Date(at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`;
const name = (p) => `${p.family}, ${p.given}`;
const identifiers = (p) => `MRN ${p.mrn}, born ${p.birth_date}, ${p.sex}`;

const list = document.getElementById('patients');
const main = document.getElementById('record');

const facts = (rows) => node('dl', {}, ...rows.filter(([, value]) => value).flatMap(([term, value]) => [
  node('dt', { textContent: term }), node('dd', { textContent: value }),
]));

const flags = (findings) => node('ul', { className: 'flags' }, ...findings.map((f) => node('li', { className: f.severity },
  node('time', { textContent: clock(f.start_s) }), `${f.severity}: ${f.message}`)));

const signature = (s) => node('p', {
  className: 'signature',
  textContent: `Signed by ${s.name}, ${local(s.signed_at)}. Meaning: ${s.meaning}. Authentication: ${s.authentication}.`,
});

const report = (r) => node('section', {},
  node('p', { className: 'quiet', textContent: `${r.status}, version ${r.version}` }),
  node('div', { className: 'report', textContent: r.text || 'This report is empty.' }),
  ...(r.signature ? [signature(r.signature)] : []));

const dictation = (d) => node('article', {},
  facts([
    ['Dictated by', d.author],
    ['Taken in', local(d.received_at)],
    ['Recording', d.recordings.join(', ')],
    ['Stands at', `${d.phase}, ${d.state}`.replaceAll('_', ' ')],
    ['Recognised', d.model && `${d.model}: ${d.elapsed_s.toFixed(1)} s for ${d.duration_s.toFixed(0)} s of sound`],
  ]),
  ...d.reports.map(report),
  ...(d.findings.length ? [node('h3', { textContent: `Flagged: ${d.findings.length}` }), flags(d.findings)] : []));

const show = async (mrn) => {
  const record = await fetched(`api/v1/patients/${encodeURIComponent(mrn)}`);
  main.replaceChildren(
    node('div', { className: 'patient' },
      node('h2', { textContent: name(record.patient) }),
      node('p', { className: 'quiet', textContent: identifiers(record.patient) })),
    ...record.encounters.map((e) => node('p', { textContent: `${e.date}: ${e.reason}, ${e.physician}, ${e.location}` })),
    ...record.dictations.map(dictation),
    ...(record.dictations.length ? [] : [node('p', { className: 'quiet', textContent: 'No reports yet. Take a recording in with: osler intake RECORDING --patient ' + mrn })]));
  document.title = `${name(record.patient)} - Osler`;
  main.focus({ preventScroll: true });
};

const route = async () => {
  const mrn = decodeURIComponent(location.hash.slice(1));
  for (const link of list.querySelectorAll('a')) {
    if (link.dataset.mrn === mrn) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (!mrn) return;
  try {
    await show(mrn);
  } catch (error) {
    main.replaceChildren(node('p', { role: 'alert', textContent: `The record cannot be shown: ${error.message}` }));
  }
};

const entered = async () => {
  if ((await fetch('api/v1/session')).ok) return;
  const practice = await fetched('api/v1/practice');
  const enter = async (body) => {
    const response = await fetch('api/v1/session', {
      method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Osler': '1' }, body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error((await response.json()).detail);
    location.reload();
  };
  const asked = (label, type) => node('label', {}, label, ' ', node('input', { type, required: type !== 'text', name: label }));
  const fields = [asked('User name', 'search'), asked('Password', 'password'), asked('Code of the second factor, if you have one', 'text')];
  const said = node('p', { role: 'alert' });
  const form = node('form', {}, ...fields.map((f) => node('p', {}, f)), node('button', { textContent: 'Log in' }), said);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const [username, password, code] = fields.map((f) => f.querySelector('input').value);
    enter({ username, password, code: code || undefined }).catch((error) => { said.textContent = error.message; });
  });
  main.replaceChildren(...(practice.people
    ? [node('p', { textContent: 'Who are you today?' }), node('ul', {}, ...practice.people.map((p) => node('li', {},
      Object.assign(node('button', { textContent: `${p.name}, ${p.role}` }), { onclick: () => enter({ username: p.username, demonstration: true }) }))))]
    : [form]));
  await new Promise(() => {});
};

try {
  await entered();
  const patients = await fetched('api/v1/patients');
  list.replaceChildren(...patients.map((p) => {
    const link = node('a', { href: `#${encodeURIComponent(p.mrn)}` }, name(p), node('small', { textContent: identifiers(p) }));
    link.dataset.mrn = p.mrn;
    return node('li', {}, link);
  }));
  addEventListener('hashchange', route);
  await route();
} catch (error) {
  main.replaceChildren(node('p', { role: 'alert', textContent: `The service does not answer: ${error.message}` }));
}
