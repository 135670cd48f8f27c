// Makes a dictation from marked text, with words, times, trace, edits and findings of the form that the service gives.
//
//   plain words             heard as they stand
//   {heard->written}        a change of the machine: an edit
//   {heard->written!kind severity|message|evidence|suggestion=score, ...}   a finding over it (and an edit if they differ)
//   {gap 4.1}               speech without text, so many seconds
//   a line break            layout

export function draft(marked, { kind = 'dictation', pace = 0.062 } = {}) {
  const words = [];
  const edits = [];
  const findings = [];
  const trace = [];
  const gaps = [];
  let text = '';
  let at = 0.7;
  const say = (heard, probability = 0.93) => {
    const from = words.length;
    for (const w of heard.split(/\s+/).filter(Boolean)) {
      const long = 0.11 + pace * w.length;
      words.push({ text: w, start_s: round(at), end_s: round(at + long), probability });
      at += long + (/[.:]$/.test(w) ? 0.42 : /,$/.test(w) ? 0.2 : 0.05);
    }
    return [from, words.length];
  };
  const put = (s, [word_from, word_to], rule) => {
    trace.push({ from: text.length, to: text.length + s.length, word_from, word_to, rule });
    text += s;
  };
  for (const piece of marked.match(/\{[^}]*\}|\n+|[^\S\n]+|[^\s{}]+/g) ?? []) {
    if (/^\s+$/.test(piece)) { put(piece, [words.length, words.length], 'layout'); continue; }
    if (!piece.startsWith('{')) { put(piece, say(piece), 'word'); continue; }
    const gap = /^\{gap ([\d.]+)\}$/.exec(piece);
    if (gap) {
      const start = at;
      at += Number(gap[1]);
      gaps.push({ start_s: round(start), end_s: round(at) });
      findings.push({ kind: 'speech_without_text', severity: 'critical', message: 'Speech that gave no words. Listen, type what is said, or ask the author.', start_s: round(start), end_s: round(at), word_from: words.length, word_to: words.length, report_from: text.length, report_to: text.length, heard: '', suggestions: [], evidence: `detector: ${gap[1]} s of speech, no word within 0.4 s` });
      at += 0.3;
      continue;
    }
    const [body, finding] = split(piece.slice(1, -1), '!');
    const [heard, written] = body.includes('->') ? body.split('->') : [body, body];
    const range = say(heard, 0.41);
    const from = text.length;
    const end = written.split(' ');
    end.forEach((w, i) => { if (i) put(' ', [range[1], range[1]], 'layout'); put(w, range, heard === written ? 'word' : 'edit'); });
    if (heard !== written) edits.push({ id: edits.length + 1, word_from: range[0], word_to: range[1], before: heard, after: written, rule: 'dictionary.sounds_like', score: 2.1, state: 'applied' });
    if (finding) {
      const [head, message, evidence, suggestions] = finding.split('|');
      const [k, severity] = head.trim().split(' ');
      findings.push({ kind: k, severity, message, start_s: words[range[0]].start_s, end_s: words[range[1] - 1].end_s, word_from: range[0], word_to: range[1], report_from: from, report_to: text.length, heard, suggestions: (suggestions ?? '').split(',').filter((s) => s.trim()).map((s) => { const [t, score] = s.trim().split('='); return { text: t, score: Number(score) }; }), evidence });
    }
  }
  findings.forEach((f, i) => { f.id = i + 1; });
  return { kind, text, trace, words, edits, findings, gaps, length_s: round(at + 0.8), instructions: [] };
}
const round = (s) => Math.round(s * 1000) / 1000;
const split = (s, at) => { const i = s.indexOf(at); return i < 0 ? [s, ''] : [s.slice(0, i), s.slice(i + 1)]; };

/** A long dictation of about `n` words, the same each time. */
export function long(n) {
  const sentences = ['The patient reports no chest pain, dyspnea, orthopnea or palpitations since the last visit.', 'Blood pressure was 138/84 and the pulse was regular at 72 per minute.', 'Lungs are clear to auscultation bilaterally without wheezes or crackles.', 'The abdomen is soft and nontender with normal bowel sounds.', 'Continue {metopro lol->metoprolol} 50 mg twice daily and recheck potassium in two weeks.', 'There is mild edema of the left ankle, unchanged from the previous examination.', 'Creatinine is 1.1 with an estimated filtration rate of 74.', 'Return to the clinic in 3 months or earlier if symptoms recur.'];
  const heads = ['HISTORY', 'EXAMINATION', 'LABORATORY', 'ASSESSMENT', 'PLAN'];
  const out = [];
  let words = 0;
  for (let i = 0; words < n; i += 1) {
    if (i % 6 === 0) out.push(`${i ? '\n\n' : ''}${heads[(i / 6) % heads.length]}:\n`);
    const s = sentences[(i * 5 + (i >> 3)) % sentences.length];
    out.push(i % 41 === 7 ? s.replace('.', ' {sinus rhythm!doubtful_word warning|The words were heard badly. Listen to the place.|safety.doubt: heard with 0.31 of 1|sinus rhythm=-1.2}.') : s, ' ');
    words += s.split(' ').length;
  }
  return out.join('').trim();
}

export const DISCHARGE = `PRINCIPAL DIAGNOSIS:
Acute exacerbation of chronic obstructive pulmonary disease.

HOSPITAL COURSE:
The patient is a 67-year-old woman who presented with three days of increasing dyspnea and productive cough. Arterial blood gas on admission showed a pH of 7.31 with a PaCO2 of 58 mmHg. Chest radiograph showed {hyper inflation->hyperinflation} without focal consolidation, and she improved with noninvasive ventilation and intravenous {methyl predniso loan->methylprednisolone}.
{gap 4.1}She was weaned to room air on the third day.

DISCHARGE MEDICATIONS:
1. {tie a tropical->Tiotropium!sounds_like warning|“tie a tropical” sounds like a term. Listen to the place.|dictionary.sound: tiotropium is judged 3.1 nats better than what was heard; 18 mcg is its usual strength|tiotropium=3.1, ipratropium=-6.2} 18 mcg daily.
2. {budeson eye for motor all->Budesonide/formoterol} twice daily.
3. Prednisone {40 mg daily, strike that, 30 mg daily->30 mg daily!spoken_correction warning|The speaker replaced “40 mg daily” by “30 mg daily”. It is shown to the author again before signing.|text.corrections: strike that|} for 5 days.
4. {amoxicillin->Amoxicillin!allergy_conflict critical|Amoxicillin is a penicillin; the record lists an allergy to penicillin. Ask the author.|safety.allergy: amoxicillin, class penicillin|} 500 mg three times daily for 5 days.

PLAN:
1. Pulmonary rehabilitation referral placed.
2. Spirometry and clinic visit in ____ weeks.`;

export const NOTE = `PROGRESS NOTE
Date of service: March 3, 2026

SUBJECTIVE:
54-year-old woman with type 2 diabetes mellitus and essential hypertension, here for medication review. She has been taking metformin 1000 mg twice daily and {Empaglo flows in->empagliflozin!lookalike_drug warning|empagliflozin or dapagliflozin? The two are taken for one another. Listen.|safety.lookalike: put there by a correction|empagliflozin=1.0, dapagliflozin=0.3} 10 mg every morning. She reports occasional nocturia but no polydipsia.

OBJECTIVE:
Blood pressure 142/88, pulse 78, temperature 98.4, body mass index 31.2. {Himoglobin->Hemoglobin} A1c 7.2%, down from 8.9% in November. Creatinine 0.9, estimated GFR 82.

ASSESSMENT AND PLAN:
1. Type 2 diabetes, improving. Continue metformin and empagliflozin.
2. Hypertension, above goal. Start {by centipural!unknown_word warning|“by centipural” is in no dictionary. Listen to the place and correct it if needed.|dictionary.unknown_word: by sound and likeness|bisoprolol=-7.2, centrale=-15.6} 10 mg daily. Recheck potassium and creatinine in 2 weeks.
3. Hyperlipidemia. Start {Rasuvastatin->rosuvastatin} 20 mg nightly.

Return visit in 6 weeks.`;

export const EMERGENCY = `EMERGENCY DEPARTMENT NOTE

CHIEF COMPLAINT: Shortness of breath.

HISTORY OF PRESENT ILLNESS:
46-year-old female with a history of {factor five lied in->factor V Leiden} and oral contraceptive use, presenting with 6 hours of {pluritic!unknown_word warning|“pluritic” is in no dictionary. Listen to the place and correct it if needed.|dictionary.unknown_word: by sound and likeness|pleuritic=-2.4, pruritic=-15.1, neuritic=-15.2} right-sided chest pain and dyspnea. No hemoptysis. She flew from Singapore 2 days ago.

VITAL SIGNS: Temperature 37.8 °C, heart rate 124, respiratory rate 28, blood pressure 98/62, saturation 88% on room air improving to 95% on 4 L by nasal cannula.

LABS:
{tropin and eye->Troponin I} 0.12, BNP 410, lactate 2.8, D-dimer greater than 5000. CT angiogram shows bilateral pulmonary emboli with right ventricular strain.

MEDICAL DECISION-MAKING:
Intermediate high-risk pulmonary embolism. Unfractionated heparin bolus 80 units/kg, then 18 units/kg/hour. Admit to the intensive care unit. Critical care time 55 minutes.`;
