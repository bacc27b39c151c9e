// quiz.js - shows the reason for the option that was chosen, and counts first answers that are right.
"use strict";
const questions = [...document.querySelectorAll(".question")];
const first = new Map(); // question -> was its first answer right?
const score = document.querySelector(".score");

for (const question of questions) {
  question.addEventListener("change", (event) => {
    for (const option of question.querySelectorAll(".option")) {
      option.classList.toggle("chosen", option.contains(event.target));
    }
    const right = event.target.closest(".option").classList.contains("right");
    if (!first.has(question)) first.set(question, right);
    const good = [...first.values()].filter(Boolean).length;
    score.textContent = `${good} of ${first.size} right at the first try` +
      (first.size < questions.length ? `, ${questions.length - first.size} to go.` : ".");
  });
}
