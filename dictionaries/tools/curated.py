"""Facts written by hand for this project; no list of someone else was copied."""

import re

CURATED={
'anatomy':"""left anterior descending artery;left circumflex artery;right coronary artery;left main coronary artery;proximal interphalangeal joint;distal interphalangeal joint;medial collateral ligament;posterior cruciate ligament""",
'drug.generic':'valproate;valproic acid;divalproex',
'lab':"""complete blood count;hemoglobin;hematocrit;white blood cell count;platelet count;mean corpuscular volume;red cell distribution width;absolute neutrophil count;reticulocyte count;basic metabolic panel;comprehensive metabolic panel;sodium;potassium;chloride;bicarbonate;blood urea nitrogen;creatinine;glucose;calcium;magnesium;phosphorus;total protein;albumin;total bilirubin;direct bilirubin;alkaline phosphatase;alanine aminotransferase;aspartate aminotransferase;gamma-glutamyl transferase;lactate dehydrogenase;lipase;amylase;ammonia;lactate;lipid panel;total cholesterol;LDL cholesterol;HDL cholesterol;triglycerides;hemoglobin A1c;thyroid-stimulating hormone;free T4;free T3;troponin;troponin I;troponin T;creatine kinase;B-type natriuretic peptide;NT-proBNP;D-dimer;fibrinogen;prothrombin time;partial thromboplastin time;international normalized ratio;C-reactive protein;erythrocyte sedimentation rate;procalcitonin;ferritin;serum iron;total iron-binding capacity;transferrin saturation;vitamin B12;folate;25-hydroxyvitamin D;parathyroid hormone;cortisol;prolactin;testosterone;estradiol;follicle-stimulating hormone;luteinizing hormone;beta-hCG;prostate-specific antigen;carcinoembryonic antigen;alpha-fetoprotein;CA 125;CA 19-9;antinuclear antibody;rheumatoid factor;anti-CCP antibody;anti-dsDNA;ANCA;complement C3;complement C4;hepatitis B surface antigen;hepatitis C antibody;HIV antibody;rapid plasma reagin;urinalysis;urine culture;urine protein;microalbumin;albumin-to-creatinine ratio;leukocyte esterase;urine specific gravity;blood culture;sputum culture;stool culture;Gram stain;acid-fast bacilli smear;cerebrospinal fluid analysis;arterial blood gas;venous blood gas;anion gap;osmolality;estimated glomerular filtration rate;creatinine clearance;serum protein electrophoresis;free light chains;haptoglobin;peripheral blood smear;Coombs test;blood type and screen;Pap smear;HPV test;fecal occult blood;fecal calprotectin;Clostridioides difficile toxin;respiratory viral panel;group A strep;monospot;QuantiFERON;uric acid;homocysteine;ceruloplasmin;alpha-1 antitrypsin;digoxin level;vancomycin trough;lithium level;valproate level;tacrolimus level;ethanol level;urine drug screen;acetaminophen level;salicylate level""",
'procedure':"""electrocardiogram;echocardiogram;transthoracic echocardiogram;transesophageal echocardiogram;stress test;Holter monitor;cardiac catheterization;percutaneous coronary intervention;coronary artery bypass grafting;pacemaker placement;ablation;cardioversion;chest X-ray;computed tomography;CT angiography;magnetic resonance imaging;positron emission tomography;ultrasound;Doppler ultrasound;mammogram;DEXA scan;fluoroscopy;colonoscopy;esophagogastroduodenoscopy;endoscopic retrograde cholangiopancreatography;bronchoscopy;cystoscopy;hysteroscopy;laparoscopy;laparotomy;appendectomy;cholecystectomy;hysterectomy;cesarean section;mastectomy;lumpectomy;thyroidectomy;tonsillectomy;nephrectomy;prostatectomy;colectomy;hemicolectomy;Whipple procedure;hernia repair;total knee arthroplasty;total hip arthroplasty;arthroscopy;laminectomy;discectomy;spinal fusion;craniotomy;carotid endarterectomy;lumbar puncture;thoracentesis;paracentesis;arthrocentesis;bone marrow biopsy;fine-needle aspiration;incision and drainage;intubation;extubation;mechanical ventilation;tracheostomy;central venous catheterization;arterial line placement;chest tube placement;dialysis;hemodialysis;peritoneal dialysis;plasmapheresis;blood transfusion;chemotherapy;radiation therapy;immunotherapy;physical therapy;electromyography;electroencephalogram;nerve conduction study;pulmonary function test;spirometry;polysomnography;skin biopsy;Mohs surgery;cryotherapy;debridement;skin graft;cataract extraction;phacoemulsification;intravitreal injection;tympanostomy;septoplasty;dilation and curettage;amniocentesis;vasectomy;circumcision;liver biopsy;renal biopsy;sigmoidoscopy;gastric bypass;sleeve gastrectomy;ostomy reversal;epidural steroid injection""",
'finding':"""alert and oriented;no acute distress;hip fracture;small bowel obstruction;electrolytes;electrolyte abnormality;well-nourished;normocephalic;atraumatic;extraocular movements intact;pupils equal round and reactive to light;moist mucous membranes;jugular venous distension;carotid bruit;lymphadenopathy;thyromegaly;regular rate and rhythm;murmur;systolic murmur;diastolic murmur;gallop;S3 gallop;friction rub;clear to auscultation bilaterally;wheezes;rales;crackles;rhonchi;stridor;normoactive bowel sounds;hepatosplenomegaly;hepatomegaly;splenomegaly;rebound tenderness;guarding;costovertebral angle tenderness;Murphy sign;McBurney point;pitting edema;pedal edema;clubbing;cyanosis;erythema;ecchymosis;petechiae;purpura;pallor;jaundice;diaphoresis;dyspnea;orthopnea;paroxysmal nocturnal dyspnea;tachycardia;bradycardia;tachypnea;hypotension;hypertension;hypoxia;hypoxemia;afebrile;febrile;syncope;presyncope;vertigo;dizziness;nausea;vomiting;diarrhea;constipation;hematemesis;melena;hematochezia;dysphagia;odynophagia;dysuria;hematuria;polyuria;nocturia;urinary frequency;palpitations;chest pain;cough;hemoptysis;paresthesia;dysarthria;aphasia;ataxia;hemiparesis;nystagmus;tremor;deep tendon reflexes;Babinski sign;Romberg sign;cranial nerves II through XII intact;straight leg raise;McMurray test;Lachman test;Phalen sign;Tinel sign;photophobia;diplopia;ptosis;mydriasis;miosis;rash;pruritus;macule;papule;vesicle;pustule;induration;fluctuance;alopecia""",
'specialty':"""cardiology;pulmonology;gastroenterology;nephrology;neurology;endocrinology;rheumatology;hematology;oncology;infectious disease;dermatology;ophthalmology;otolaryngology;urology;gynecology;obstetrics;orthopedics;neurosurgery;general surgery;vascular surgery;plastic surgery;anesthesiology;radiology;pathology;psychiatry;pediatrics;geriatrics;family medicine;internal medicine;emergency medicine;physical medicine and rehabilitation;palliative care""",
'doseform':"""tablet;capsule;extended-release tablet;delayed-release capsule;enteric-coated tablet;orally disintegrating tablet;sublingual tablet;chewable tablet;oral solution;oral suspension;syrup;elixir;drops;ophthalmic drops;otic drops;nasal spray;metered-dose inhaler;dry powder inhaler;nebulizer solution;cream;ointment;gel;lotion;foam;shampoo;transdermal patch;suppository;enema;intravenous infusion;intravenous push;intramuscular injection;subcutaneous injection;prefilled syringe;auto-injector;vial;ampule;lozenge;troche;mouthwash""",
'device':"""nasal cannula;nonrebreather mask;endotracheal tube;tracheostomy tube;nasogastric tube;percutaneous endoscopic gastrostomy tube;Foley catheter;PICC line;central venous catheter;port-a-cath;arterial line;chest tube;Jackson-Pratt drain;implantable cardioverter-defibrillator;pacemaker;left ventricular assist device;intra-aortic balloon pump;inferior vena cava filter;ventriculoperitoneal shunt;insulin pump;continuous glucose monitor;CPAP;BiPAP;walker;cane;crutches;cervical collar;intrauterine device""",
}
CUR_ABBR=[tuple(x.split('=')) for x in """BP=blood pressure;HR=heart rate;RR=respiratory rate;SpO2=oxygen saturation by pulse oximetry;BMI=body mass index;HTN=hypertension;DM=diabetes mellitus;T2DM=type 2 diabetes mellitus;T1DM=type 1 diabetes mellitus;HLD=hyperlipidemia;CAD=coronary artery disease;CHF=congestive heart failure;HFrEF=heart failure with reduced ejection fraction;HFpEF=heart failure with preserved ejection fraction;AF=atrial fibrillation;AFib=atrial fibrillation;MI=myocardial infarction;STEMI=ST-elevation myocardial infarction;NSTEMI=non-ST-elevation myocardial infarction;CVA=cerebrovascular accident;TIA=transient ischemic attack;DVT=deep vein thrombosis;PE=pulmonary embolism;COPD=chronic obstructive pulmonary disease;OSA=obstructive sleep apnea;GERD=gastroesophageal reflux disease;CKD=chronic kidney disease;ESRD=end-stage renal disease;AKI=acute kidney injury;UTI=urinary tract infection;URI=upper respiratory infection;BPH=benign prostatic hyperplasia;RA=rheumatoid arthritis;SLE=systemic lupus erythematosus;OA=osteoarthritis;MS=multiple sclerosis;ALS=amyotrophic lateral sclerosis;PTSD=post-traumatic stress disorder;ADHD=attention-deficit/hyperactivity disorder;OCD=obsessive-compulsive disorder;HPI=history of present illness;PMH=past medical history;PSH=past surgical history;FH=family history;SH=social history;ROS=review of systems;PE=physical examination;A&P=assessment and plan;CC=chief complaint;NKDA=no known drug allergies;WNL=within normal limits;NAD=no acute distress;AAO=alert and oriented;PERRLA=pupils equal, round, reactive to light and accommodation;EOMI=extraocular movements intact;JVD=jugular venous distension;RRR=regular rate and rhythm;CTAB=clear to auscultation bilaterally;CVA tenderness=costovertebral angle tenderness;DTR=deep tendon reflexes;ROM=range of motion;LE=lower extremity;UE=upper extremity;RUQ=right upper quadrant;LUQ=left upper quadrant;RLQ=right lower quadrant;LLQ=left lower quadrant;CBC=complete blood count;BMP=basic metabolic panel;CMP=comprehensive metabolic panel;LFT=liver function tests;TSH=thyroid-stimulating hormone;HbA1c=hemoglobin A1c;INR=international normalized ratio;PT=prothrombin time;PTT=partial thromboplastin time;BNP=B-type natriuretic peptide;CRP=C-reactive protein;ESR=erythrocyte sedimentation rate;ABG=arterial blood gas;UA=urinalysis;EKG=electrocardiogram;ECG=electrocardiogram;CXR=chest X-ray;CT=computed tomography;MRI=magnetic resonance imaging;EGD=esophagogastroduodenoscopy;ERCP=endoscopic retrograde cholangiopancreatography;PFT=pulmonary function tests;EEG=electroencephalogram;EMG=electromyography;PCI=percutaneous coronary intervention;CABG=coronary artery bypass graft;ORIF=open reduction and internal fixation;TKA=total knee arthroplasty;THA=total hip arthroplasty;ACE=angiotensin-converting enzyme;ARB=angiotensin receptor blocker;NSAID=nonsteroidal anti-inflammatory drug;PPI=proton pump inhibitor;SSRI=selective serotonin reuptake inhibitor;PRN=as needed;PO=by mouth;IV=intravenous;IM=intramuscular;BID=twice a day;TID=three times a day;QID=four times a day;NPO=nothing by mouth;ICU=intensive care unit;ED=emergency department;OR=operating room;PCP=primary care physician;DNR=do not resuscitate;POA=power of attorney;SOB=shortness of breath;DOE=dyspnea on exertion;PND=paroxysmal nocturnal dyspnea;LOC=loss of consciousness;LMP=last menstrual period;G2P1=gravida 2 para 1;EBL=estimated blood loss""".split(';')]
CUR_UNITS=[tuple(x.split('|')) for x in """milligram|mg|mg;milligrams|mg|mg;microgram|mcg|ug;micrograms|mcg|ug;gram|g|g;grams|g|g;kilogram|kg|kg;kilograms|kg|kg;milliliter|mL|mL;milliliters|mL|mL;cc|mL|mL;liter|L|L;liters per minute|L/min|L/min;unit|units|[IU];units|units|[IU];international units|international units|[IU];milliequivalents|mEq|meq;millimoles per liter|mmol/L|mmol/L;milligrams per deciliter|mg/dL|mg/dL;grams per deciliter|g/dL|g/dL;millimeters of mercury|mmHg|mm[Hg];beats per minute|bpm|/min;breaths per minute|breaths/min|/min;degrees Fahrenheit|°F|[degF];degrees Celsius|°C|Cel;percent|%|%;milligrams per kilogram|mg/kg|mg/kg;micrograms per kilogram per minute|mcg/kg/min|ug/kg/min;units per hour|units/h|[IU]/h;milliliters per hour|mL/h|mL/h;centimeters|cm|cm;millimeters|mm|mm;inches|in|[in_i];feet|ft|[ft_i];pounds|lb|[lb_av];ounces|oz|[oz_av];kilograms per square meter|kg/m²|kg/m2;nanograms per milliliter|ng/mL|ng/mL;picograms per milliliter|pg/mL|pg/mL;international units per liter|IU/L|[IU]/L;milliosmoles per kilogram|mOsm/kg|mosm/kg;joules|J|J;gray|Gy|Gy""".split(';')]
CUR_BRAND=[tuple(x.split('=')) for x in """Bactrim=sulfamethoxazole/trimethoprim;Septra=sulfamethoxazole/trimethoprim;Augmentin=amoxicillin/clavulanate;Zosyn=piperacillin/tazobactam;Unasyn=ampicillin/sulbactam;Vicodin=hydrocodone/acetaminophen;Norco=hydrocodone/acetaminophen;Lortab=hydrocodone/acetaminophen;Percocet=oxycodone/acetaminophen;Darvocet=propoxyphene/acetaminophen;Fioricet=butalbital/acetaminophen/caffeine;Excedrin=acetaminophen/aspirin/caffeine;Hyzaar=losartan/hydrochlorothiazide;Diovan=valsartan;Diovan HCT=valsartan/hydrochlorothiazide;Zestoretic=lisinopril/hydrochlorothiazide;Prinzide=lisinopril/hydrochlorothiazide;Lotrel=amlodipine/benazepril;Exforge=amlodipine/valsartan;Azor=amlodipine/olmesartan;Benicar=olmesartan;Micardis=telmisartan;Avapro=irbesartan;Caduet=amlodipine/atorvastatin;Vytorin=ezetimibe/simvastatin;Zetia=ezetimibe;Nexlizet=bempedoic acid/ezetimibe;Janumet=sitagliptin/metformin;Synjardy=empagliflozin/metformin;Xigduo=dapagliflozin/metformin;Glyxambi=empagliflozin/linagliptin;Tradjenta=linagliptin;Invokana=canagliflozin;Victoza=liraglutide;Saxenda=liraglutide;Rybelsus=semaglutide;Zepbound=tirzepatide;Byetta=exenatide;Soliqua=insulin glargine/lixisenatide;Levemir=insulin detemir;Tresiba=insulin degludec;Toujeo=insulin glargine;Basaglar=insulin glargine;Novolin=human insulin;Humulin=human insulin;Symbicort=budesonide/formoterol;Advair=fluticasone/salmeterol;Dulera=mometasone/formoterol;Breo=fluticasone/vilanterol;Breo Ellipta=fluticasone/vilanterol;Anoro=umeclidinium/vilanterol;Trelegy=fluticasone/umeclidinium/vilanterol;Stiolto=tiotropium/olodaterol;Combivent=ipratropium/albuterol;DuoNeb=ipratropium/albuterol;ProAir=albuterol;Proventil=albuterol;Xopenex=levalbuterol;Pulmicort=budesonide;Flovent=fluticasone;Nasonex=mometasone;Dyazide=triamterene/hydrochlorothiazide;Maxzide=triamterene/hydrochlorothiazide;Aldactone=spironolactone;Bumex=bumetanide;Demadex=torsemide;Sinemet=carbidopa/levodopa;Suboxone=buprenorphine/naloxone;Narcan=naloxone;Keflex=cephalexin;Rocephin=ceftriaxone;Levaquin=levofloxacin;Cipro=ciprofloxacin;Zithromax=azithromycin;Z-Pak=azithromycin;Flagyl=metronidazole;Macrobid=nitrofurantoin;Diflucan=fluconazole;Valtrex=valacyclovir;Tamiflu=oseltamivir;Paxlovid=nirmatrelvir/ritonavir;Biktarvy=bictegravir/emtricitabine/tenofovir alafenamide;Truvada=emtricitabine/tenofovir;Descovy=emtricitabine/tenofovir alafenamide;Epclusa=sofosbuvir/velpatasvir;Harvoni=ledipasvir/sofosbuvir;Ativan=lorazepam;Klonopin=clonazepam;Ambien=zolpidem;Lunesta=eszopiclone;Adderall=dextroamphetamine/amphetamine;Vyvanse=lisdexamfetamine;Concerta=methylphenidate;Ritalin=methylphenidate;Celexa=citalopram;Paxil=paroxetine;Effexor=venlafaxine;Pristiq=desvenlafaxine;Remeron=mirtazapine;Latuda=lurasidone;Lyrica=pregabalin;Topamax=topiramate;Tegretol=carbamazepine;Trileptal=oxcarbazepine;Aricept=donepezil;Namenda=memantine;Imitrex=sumatriptan;Nexium=esomeprazole;Pepcid=famotidine;Zantac=ranitidine;Reglan=metoclopramide;Phenergan=promethazine;Compazine=prochlorperazine;Bentyl=dicyclomine;Imodium=loperamide;MiraLAX=polyethylene glycol 3350;Colace=docusate;Senokot=senna;Dulcolax=bisacodyl;Celebrex=celecoxib;Aleve=naproxen;Toradol=ketorolac;OxyContin=oxycodone;MS Contin=morphine sulfate;Dilaudid=hydromorphone;Duragesic=fentanyl;Flexeril=cyclobenzaprine;Robaxin=methocarbamol;Zanaflex=tizanidine;Skelaxin=metaxalone;Fosamax=alendronate;Boniva=ibandronate;Prolia=denosumab;Medrol=methylprednisolone;Decadron=dexamethasone;Deltasone=prednisone;Plaquenil=hydroxychloroquine;Otezla=apremilast;Xeljanz=tofacitinib;Stelara=ustekinumab;Cosentyx=secukinumab;Dupixent=dupilumab;Opdivo=nivolumab;Herceptin=trastuzumab;Avastin=bevacizumab;Rituxan=rituximab;Neulasta=pegfilgrastim;Procrit=epoetin alfa;Pradaxa=dabigatran;Brilinta=ticagrelor;Effient=prasugrel;Multaq=dronedarone;Cardizem=diltiazem;Procardia=nifedipine;Tenormin=atenolol;Inderal=propranolol;Bystolic=nebivolol;Catapres=clonidine;Imdur=isosorbide mononitrate;Ranexa=ranolazine;Proscar=finasteride;Avodart=dutasteride;Cialis=tadalafil;Viagra=sildenafil;Myrbetriq=mirabegron;Ditropan=oxybutynin;Pyridium=phenazopyridine;Armour Thyroid=thyroid;Cytomel=liothyronine;Tapazole=methimazole;Premarin=conjugated estrogens;Depo-Provera=medroxyprogesterone;NuvaRing=etonogestrel/ethinyl estradiol;Mirena=levonorgestrel;Nexplanon=etonogestrel""".split(';')]
SURG="""Bovie;Bovie electrocautery;Prolene;Metzenbaum;Metzenbaum scissors;Monocryl;Vicryl;Ethibond;PDS suture;silk suture;chromic suture;Dermabond;Steri-Strips;subcuticular;Ochsner clamp;Penrose drain;Veress needle;trocar;guidewire;Glidewire;cystoscope;resectoscope;ureteroscope;laparoscope;bronchoscope;Gelfoam;Surgicel;Floseal;Kerlix;Xeroform;Adaptic;Telfa;Ace wrap;Coban;Esmarch bandage;tourniquet;pneumatic tourniquet;rongeur;Kerrison rongeur;osteotome;curette;tenaculum;Babcock clamp;Allis clamp;Kocher clamp;Kelly clamp;DeBakey forceps;Adson forceps;Army-Navy retractor;Bookwalter retractor;Weitlaner retractor;Gelpi retractor;Lahey clamp;Kitner dissector;LigaSure;Harmonic scalpel;GIA stapler;EEA stapler;Endo GIA;hemoclip;Hemovac drain;Jackson-Pratt drain;Blake drain;Malecot catheter;Shiley tracheostomy;Gomco clamp;Seldinger technique;Pfannenstiel incision;McBurney incision;Kocher incision;midline laparotomy;Trendelenburg position;reverse Trendelenburg;dorsal lithotomy position;prone position;supine position;lateral decubitus position;pursestring suture;running suture;interrupted suture;figure-of-eight suture;horizontal mattress suture;layered closure;Scarpa fascia;Camper fascia;Denonvilliers fascia;Gerota fascia;Buck fascia;dartos;hemiscrotum;ventrum;preperitoneal;infraumbilical;supraumbilical;subplatysmal;antegrade;retrograde;cephalad;caudad;reapproximated;skeletonized;fulgurated;insufflated;pneumoperitoneum;exsanguinated;cannulated;debrided;degloved;hemostasis;estimated blood loss;barbotage;irrigant;nontender;nondistended;nonpalpable;preop;postop;laryngeal mask airway;tracheal intubation;endotracheal anesthesia;general anesthesia;spinal anesthesia;monitored anesthesia care;time-out;sponge and needle counts correct;Foley catheter;suprapubic catheter;double-J stent;ureteral stent;nephrostomy tube;wound vac;Marcaine;Lidocaine with epinephrine;bacitracin irrigation;Betadine;ChloraPrep;DuraPrep"""
CURATED['surgical']=SURG

SECTIONS={'all':"Chief Complaint;History of Present Illness;Past Medical History;Past Surgical History;Medications;Current Medications;Allergies;Family History;Social History;Review of Systems;Physical Examination;Vital Signs;Laboratory Data;Imaging;Assessment;Plan;Assessment and Plan;Impression;Recommendations;Disposition;Follow-up;Discharge Diagnosis;Hospital Course;Discharge Medications;Condition on Discharge;Consultation;Problem List;Immunizations;Code Status;Subjective;Objective;Reason for Consultation;Reason for Referral;Reason for Visit;Reason for Admission;Admission Diagnosis;Diagnosis;Presenting Complaint;History of Presenting Complaint;Drug History;Systems Review;Systemic Enquiry;Investigations;On Examination;Examination Findings;Management Plan;Treatment Plan;Conclusion;Opinion;Summary",
'surgery':"Preoperative Diagnosis;Postoperative Diagnosis;Procedure Performed;Surgeon;Assistant;Anesthesia;Indications for Procedure;Findings;Description of Procedure;Estimated Blood Loss;Complications;Specimens;Drains;Counts;Implants;Fluids;Urine Output;Tourniquet Time;Operation;Procedure;Procedure Details;Operative Findings;Operative Procedure;Anaesthesia;Anaesthetic;Blood Loss;Indication for Procedure;Preoperative Diagnoses;Postoperative Diagnoses;Closure",
'radiology':"Examination;Clinical Indication;Comparison;Technique;Contrast;Findings;Impression;Radiation Dose;Clinical Details;Clinical Information;Report",
'pathology':"Clinical History;Specimen Submitted;Gross Description;Microscopic Description;Final Diagnosis;Comment;Immunohistochemistry;Specimen;Nature of Specimen;Macroscopic Description;Macroscopy;Microscopy",
'cardiology':"Cardiac History;Electrocardiogram;Echocardiogram;Hemodynamics;Coronary Angiography;Left Ventriculography;Access Site",
'ophthalmology':"Visual Acuity;Intraocular Pressure;Slit Lamp Examination;Dilated Fundus Examination;Refraction",
'psychiatry':"Mental Status Examination;Psychiatric History;Substance Use History;Risk Assessment;Diagnostic Impression;Identifying Information;Past Psychiatric History;Mental State Examination;Substance Use",
'obstetrics':"Obstetric History;Gynecologic History;Estimated Gestational Age;Fetal Heart Tones;Delivery Note;Apgar Scores;Prenatal Labs;Antenatal History",
'pediatrics':"Birth History;Developmental History;Growth Parameters;Feeding History;Immunization Status",
'emergency':"Triage Note;Medical Decision Making;Emergency Department Course;Critical Care Time"}

# Words of everyday clinical, radiological, surgical and pathological prose that the sources lack.
CLINICAL = {
    "finding": """acetowhite;acyanotic;anicteric;appendicolith;bronchogram;calor;cellulitic;coagulopathic;coagulopathy;cogwheeling;
        comorbid;comorbidity;contusional;desmoplasia;desmoplastic;dysarthric;dysdiadochokinesia;dyskinesis;akinesis;hypokinesis;
        eucalcemic;euthymic;euvolemic;hypervolemic;hypovolemic;exophytic;endophytic;fungating;gastropathy;vasculopathy;graphesthesia;
        groundglass;ground-glass opacity;holosystolic;pansystolic;midsystolic;homicidality;suicidality;hydroureteronephrosis;hyperechoic;
        hypoechoic;isoechoic;anechoic;hyperdense;hypodense;isodense;hyperintense;hypointense;isointense;hyperintensity;hypodensity;
        hyperenhancement;hyperchromasia;hyperchromatic;hypergranulosis;normochromia;normochromic;normocytic;hypercarbic;hypercapnic;
        hypomimia;insulinopenic;keratinizing;lepidic;leiomyomata;lichenification;anterolisthesis;retrolisthesis;listhesis;loculated;
        loculation;lymphovascular;melenic;micrographia;multilobar;multiloculated;septated;multiseptated;nodularity;nonlabored;
        weightbearing;nonweightbearing;outpouching;orthokeratosis;parakeratosis;spongiosis;spongiotic;photopenic;plantarflexion;dorsiflexion;
        pneumobilia;prostatomegaly;pseudomonal;pseudophakic;phakic;aphakic;radiodense;radiolucent;reticulonodular;serosanguineous;
        serosanguinous;shotty;spiculated;stranguria;stridorous;subcentimeter;subluxed;syndesmophyte;trabeculation;trabeculated;transaminitis;
        trigeminy;bigeminy;troponinemia;tubulovillous;arthrofibrosis;basaloid;lusitropic;chronotropic;dromotropic;inotropic;sonographic;
        vasculopath;clonus;comorbidities;crepitus;distended;effaced;effacement;fasciculations;foci;foraminal;gravida;
        multiparous;nonfocal;nulliparous;parous;obstipation;otoscopic;palpation;pedunculated;sessile;stranding;
        lucency;suprapatellar;turgor;turbinates;bibasilar;reformats;
        postvoid;isochoric;normothermic;normotensive;hemodynamically stable;neurovascularly intact;periumbilical""",
    "anatomy": """apicolordotic;cardiomediastinal;costophrenic;infraclavicular;interstitium;jugulodigastric;midclavicular;midaxillary;
        muscularis;myometrial;neuroforaminal;paraspinous;periappendiceal;appendiceal;peribronchovascular;pericholecystic;peridiverticular;
        peritrochanteric;periureteral;periureteric;subcarinal;subfascial;tibiotalar;uncovertebral;adenotonsillar;anteromedial;anterolateral;
        posteromedial;posterolateral;superomedial;superolateral;inferomedial;inferolateral;neuroforamen;perihilar;periapical""",
    "procedure": """applanation;keratometry;chondroplasty;cystourethroscopy;enterolysis;adhesiolysis;escharotomy;reepithelialization;
        cardioverted;intubated;extubated;reintubated;tomosynthesis;urodynamic;urodynamics;venoplasty;venotomy;orogastric;fundoscopic;
        funduscopic;fundoscopy;ultrasonographic;pharmacomechanical thrombectomy;uptitrate;downtitrate;telehealth;telemedicine;
        arthroscopic;cauterized;immunohistochemistry;intramuscularly;intravenously;subcutaneously;ligated;nebulized;
        resected;titrated;subtherapeutic;supratherapeutic;unfractionated;
        intraoperatively""",
    "lab": "calretinin;cytokeratin;pancytokeratin;synaptophysin;chromogranin;vimentin;desmin;milliunit;milliunits",
    "device": """Turbohaler;Accuhaler;Evohaler;Autohaler;Easyhaler;Clickhaler;Handihaler;Nexthaler;Respimat;FlexPen;KwikPen;SoloStar;
        Angiocath;Aquacel;Mepilex;Tegaderm;PleurX;Endoclip;GlideScope;videolaryngoscope;cardioverter;polymethylmethacrylate;cementless;
        rollator;tocometer""",
    "word": """Mallampati;Calot;Goldmann;Modic;Rutgeerts;Carter-Thomason;Seldinger;Bosniak;Fleischner;Schatzki;Mirizzi;Courvoisier;Virchow;
        Lisfranc;Weber;Salter-Harris;Garden;Schatzker;Gustilo;Neer;Hawkins;Spurling;Hoffmann;Lasegue;Thessaly;Apley;Finkelstein;Froment;
        Kernig;Brudzinski;Rovsing;Blumberg;Grey Turner;Cullen;Dix-Hallpike;Epley;Weber;Rinne;Snellen;Ishihara;Kayser-Fleischer;Rathke;
        Kerley;Hampton;Westermark;Cobb;Hounsfield;Breslow;Clark;Fitzpatrick;Nikolsky;Auspitz;Koebner;Tanner;Ballard;Apgar;Bishop;Leopold;
        McRoberts;Zavanelli;Pfannenstiel;Pomeroy;Nissen;Billroth;Hartmann;Whipple;Lichtenstein;Shouldice;Heller;Hasson;Veress;Palmer;
        Gleason;Nottingham;Fuhrman;Kellgren-Lawrence;Outerbridge;Hill-Sachs;Bankart;Child-Pugh;Maddrey;Hinchey;Forrest;Prague;Kudo;
        Killip;Braunwald;Sgarbossa;Cockcroft-Gault;Karnofsky;Rankin;Fazekas;Hunt-Hess;Glasgow;Ranson;Wells;Framingham;Duke;Ann Arbor;
        ileocolonoscopy;pancolonic;pancolonoscopy;thiopurine;cobblestoning;permcath;primip;multip;primips;fortnightly;centile""",
    "drug.generic": "co-codamol;co-trimoxazole;co-amoxiclav;co-beneldopa;co-careldopa;co-dydramol;frusemide",
    "drug.brand": "Laxido;Movicol;Fybogel;Calpol;Pregaday;Eleview",
}
for category, words in CLINICAL.items():
    CURATED[category] = ";".join(filter(None, [CURATED.get(category, ""), re.sub(r"\s*\n\s*", "", words)]))

# What physicians say around the terms: adjectives of symptoms and signs, what an examination and an operation consist of. A misheard
# word can only be put right if the right one is here.
SAID = """pleuritic;exertional;nonexertional;substernal;retrosternal;precordial;epigastric;periumbilical;suprapubic;colicky;crampy;
positional;postural;postprandial;nocturnal;diurnal;intermittent;paroxysmal;insidious;waxing and waning;crescendo-decrescendo;
holosystolic;midsystolic;early diastolic;bibasilar;basilar;dependent edema;nonpitting;nonradiating;radicular;claudicant;antalgic;
shuffling gait;wide-based gait;dysmetria;dysdiadochokinesia;bradykinesia;cogwheel rigidity;hyperreflexia;hyporeflexia;areflexia;
clonus;fasciculations;allodynia;hyperalgesia;hyperesthesia;hypoesthesia;dysesthesia;spasticity;flaccid;scotoma;hemianopia;
quadrantanopia;amaurosis fugax;aura;postictal;tonic-clonic;myoclonic;dystonic;choreiform;anhedonia;anergia;
psychomotor retardation;flight of ideas;pressured speech;circumstantial;perseverative;alogia;avolition;hypervigilance;
suicidal ideation;homicidal ideation;auditory hallucinations;flat affect;labile;euthymic;dysphoric;congruent;nontender;
nondistended;tympanitic;scaphoid;protuberant;rebound;rigidity;organomegaly;ascites;caput medusae;spider angiomata;palmar erythema;
asterixis;icteric;anicteric;scleral icterus;conjunctival pallor;conjunctival injection;normoactive;hyperactive bowel sounds;
hypoactive;borborygmi;obstipation;tenesmus;hematemesis;coffee-ground;regurgitation;dyspepsia;early satiety;bloating;flatulence;
steatorrhea;incontinence;hesitancy;dribbling;nocturnal enuresis;stress incontinence;urge incontinence;dyspareunia;menorrhagia;
metrorrhagia;menometrorrhagia;oligomenorrhea;amenorrhea;dysmenorrhea;postcoital bleeding;postmenopausal bleeding;
intermenstrual bleeding;galactorrhea;hirsutism;acanthosis nigricans;striae;cushingoid;exophthalmos;proptosis;lid lag;goiter;
tremulous;diaphoretic;cyanotic;mottled;clammy;cachectic;emaciated;obese;disheveled;well-groomed;well-developed;toxic-appearing;
nontoxic;lethargic;obtunded;somnolent;stuporous;comatose;arousable;disoriented;oriented times three;nonfocal;unremarkable;
noncontributory;unresponsive;hoarseness;dysphonia;rhinorrhea;otalgia;otorrhea;tinnitus;epistaxis;anosmia;postnasal drip;
odynophagia;trismus;tonsillar exudate;erythematous;exudative;boggy;edematous;indurated;fluctuant;purulent;serosanguineous;serous;
sanguineous;mucopurulent;foul-smelling;malodorous;blanching;nonblanching;maculopapular;morbilliform;urticarial;vesicular;bullous;
pustular;scaly;lichenified;excoriated;excoriation;ulcerated;crusted;pedunculated;sessile;verrucous;hyperpigmented;hypopigmented;
annular;targetoid;serpiginous;umbilicated;telangiectatic;crepitus;effusion;ballottement;bogginess;valgus;varus;recurvatum;
hyperextension;hyperflexion;dorsiflexion;plantarflexion;supination;pronation;abduction;adduction;internal rotation;
external rotation;inversion;eversion;laxity;subluxed;dislocated;malunion;nonunion;comminuted;displaced;nondisplaced;angulated;
impacted;spiral fracture;avulsed;weightbearing;nonweightbearing;weight-bearing as tolerated;ambulatory;bedbound;wheelchair-bound;
deconditioned;pack-years;night sweats;failure to thrive;decreased appetite;rigors;malaise;anorexia;myalgias;arthralgias;
morning stiffness;lightheadedness;near-syncope;unsteadiness;wheezing;tightness;productive cough;nonproductive;purulent sputum;
rust-colored;frothy;hyperresonant;dullness to percussion;egophony;tactile fremitus;fremitus;use of accessory muscles;retractions;
nasal flaring;barky cough;hypoventilation;tachypneic;tachycardic;bradycardic;hypotensive;hypertensive;normotensive;hypoxic;
hypoxemic;febrile;afebrile;normothermic;euvolemic;hypovolemic;hypervolemic;orthostatic;irregularly irregular;
point of maximal impulse;heave;thrill;bruits;palpable;nonpalpable;bounding;thready;brisk capillary refill;varicosities;
hemosiderin staining;venous stasis;intertriginous;prolapsed;thrombosed;incarcerated;reducible;strangulated;monofilament;
two-point discrimination;proprioception;graphesthesia;stereognosis;draped;prepped and draped;irrigated;copiously irrigated;
incised;transected;dissected;blunt dissection;sharp dissection;electrocautery;coagulated;cauterization;ligature;suture ligated;
retracted;mobilized;reapproximated;reapproximation;imbricated;marsupialized;exteriorized;anastomosed;oversewn;debrided;evacuated;
aspirated;instilled;insufflated;insufflation;desufflated;cannulated;catheterized;enucleated;excised;excisional;incisional;
curetted;biopsied;fulgurated;morcellated;explanted;implanted;reimplanted;reinserted;reamed;broached;percutaneously;endoscopically;
laparoscopically;fluoroscopically;sonographically;running suture;interrupted sutures;subcuticular;running subcuticular;
figure-of-eight suture;purse-string suture;staple line;hemostasis;tourniquet;exsanguinated;time-out;sterile fashion;
usual sterile fashion;supine position;prone position;lateral decubitus;dorsal lithotomy;lithotomy;Trendelenburg;
reverse Trendelenburg;beach-chair position;general endotracheal anesthesia;monitored anesthesia care;spinal anesthesia;epidural;
regional block;interscalene block;femoral nerve block;local infiltration;conscious sedation;estimated blood loss;
sponge and needle counts;specimen;frozen section;preoperative;postoperative;perioperative;preoperatively;postoperatively;
perioperatively;postprocedure;periprocedural;uncomplicated;bolus;infusion;titration;taper;tapered;uptitration;desensitization;
prophylaxis;thromboprophylaxis;anticoagulated;heparinized;transfused;crossmatched;cardiopulmonary resuscitation;defibrillated;
cardioverted;paced;telemetry;tilt-table test;monofilament test;exercise stress test;nuclear stress test;ambulatory monitoring;
pulse oximetry;capnography;arterial line;swallow study;modified barium swallow;barium enema;gastrografin;contrast-enhanced;
noncontrast;multiplanar;axial;coronal;sagittal;T1-weighted;T2-weighted;fat-suppressed;diffusion-weighted;gadolinium;
radiopharmaceutical;radiotracer;radiograph;radiographic;radiographs;angiographic;venography;duplex;Doppler flow;
speculum examination;bimanual examination;digital rectal examination;fundoscopic examination;slit-lamp examination;tonometry;
audiometry;tympanometry;otoscopy;laryngoscopy;nasopharyngoscopy;anoscopy;proctoscopy;colposcopy;cervical cerclage;desaturation;
bronchodilator;peak flow;nebulizer treatment;supplemental oxygen;high-flow nasal cannula;noninvasive ventilation;weaned;
decannulated;debulking;restaging;surveillance;follow-up imaging;immunization;catch-up immunization;ipsilateral;contralateral;
bilaterally;unilateral;anterolateral;anteromedial;posterolateral;posteromedial;anteroposterior;inferolateral;inferomedial;
superolateral;superomedial;anteroinferior;anterosuperior;posteroinferior;posterosuperior;midline;paramedian;parasternal;
midclavicular;midaxillary;intercostal;infraumbilical;supraumbilical;subxiphoid;subcostal;inframammary;periareolar;retroareolar;
paraspinal;paravertebral;sacrococcygeal;lumbosacral;thoracolumbar;cervicothoracic;atlantoaxial;interspace;neuroforaminal;
foraminal;intrathecal;epidural space;subdural;subarachnoid;intraparenchymal;intraventricular;periventricular;supratentorial;
infratentorial;frontoparietal;temporoparietal;parieto-occipital;cerebellopontine;parasellar;suprasellar;retro-orbital;periorbital;
preauricular;postauricular;submandibular;submental;supraclavicular;infraclavicular;axillary;epitrochlear;inguinal;popliteal;
antecubital;thenar;hypothenar;metacarpal;metatarsal;interphalangeal;metacarpophalangeal;metatarsophalangeal;acromioclavicular;
glenohumeral;sternoclavicular;patellofemoral;tibiofemoral;subtalar;talonavicular;parapatellar;intertrochanteric;subtrochanteric;
supracondylar;intercondylar;diaphyseal;metaphyseal;epiphyseal;periosteal;cortical;medullary;intramedullary;intra-articular;
extra-articular;periarticular;juxta-articular;neurovascular;neurovascularly intact;musculotendinous;myofascial;fascia;
subcutaneous tissue;peritoneum;retroperitoneum;intraperitoneal;extraperitoneal;retroperitoneal;transperitoneal;perihepatic;
perisplenic;pericholecystic;pericolonic;perirectal;perianal;perineum;rectovaginal;vesicovaginal;uterosacral;retrocecal;
antimesenteric;mesenteric;ileocecal;ileocolic;gastroesophageal;gastroduodenal;duodenojejunal;pancreaticobiliary;hepatobiliary;
hepatoduodenal;infrahepatic;suprahepatic;intrahepatic;extrahepatic;infrarenal;suprarenal;juxtarenal;perinephric;ureteropelvic;
ureterovesical;vesicoureteral;periurethral;transurethral;scrotal;endometrial;endocervical;ectocervical;adnexal;myometrial;
transvaginal;transabdominal;endobronchial;peribronchial;perihilar;hilar;mediastinal;retrocardiac;subpleural;pleural;apical;
lingular;costophrenic;cardiophrenic;hemidiaphragm;hemithorax;pericardial;transmural;subendocardial;inferobasal;anteroseptal;
inferoseptal;apicoseptal;supraventricular;infranodal;intranodal;transmitral;paravalvular;perivalvular;ostial;obtuse marginal;
posterior descending;saphenofemoral;saphenous;femoropopliteal;aortoiliac;iliofemoral;brachiocephalic;radiocephalic;leukocytosis;
leukopenia;neutropenia;neutrophilia;lymphocytosis;lymphopenia;eosinophilia;bandemia;thrombocytosis;thrombocytopenia;pancytopenia;
microcytic;macrocytic;normocytic;hypochromic;normochromic;schistocytes;spherocytes;transaminitis;hyperbilirubinemia;
hypoalbuminemia;hyponatremia;hypernatremia;hypokalemia;hyperkalemia;hypocalcemia;hypercalcemia;hypomagnesemia;hypophosphatemia;
hyperphosphatemia;hyperuricemia;azotemia;proteinuria;microalbuminuria;glycosuria;ketonuria;pyuria;bacteriuria;
microscopic hematuria;nitrite positive;xanthochromia;pleocytosis;oligoclonal bands;factor V Leiden;lupus anticoagulant;
prothrombin gene mutation;anticardiolipin antibodies;protein C;protein S;antithrombin;hemoglobin electrophoresis;
high-sensitivity troponin;random glucose;fasting glucose;postprandial glucose;methicillin-sensitive;methicillin-resistant;
gram-positive cocci;gram-negative rods;beta-hemolytic;coagulase-negative;culture-negative;polymicrobial;pansensitive;
susceptibilities;hyperchromatic;pleomorphic;mitotic figures;moderately differentiated;poorly differentiated;well differentiated;
lymphovascular invasion;perineural invasion;in situ;immunostains;immunoreactive;atypia;dysplasia;metaplasia;hyperplasia;
desmoplastic;cribriform;papillary;tubulovillous;micropapillary;keratinizing;nonkeratinizing;necrotizing;granulomatous;
noncaseating;caseating;fibrinous;hyalinized;arthropathy;osteophytes;osteophytic;spurring;spondylosis;spondylolisthesis;
degenerative changes;hypodense;hyperdense;hypoattenuating;hyperattenuating;isodense;hypoechoic;hyperechoic;anechoic;isointense;
hypointense;hyperintense;nonenhancing;ring-enhancing;loculated;septated;spiculated;lobulated;well-circumscribed;ill-defined;
ground-glass;consolidation;atelectasis;interstitial;reticulonodular;centrilobular;bronchiectatic;emphysematous;hyperinflated;
cardiomegaly;pulmonary vascular congestion;cephalization;pneumoperitoneum;pneumobilia;fat stranding;wall thickening;
air-fluid levels;diverticula;cholelithiasis;choledocholithiasis;nephrolithiasis;hydronephrosis;hydroureter;calcified;noncalcified;
calcification;microcalcifications;architectural distortion;hypermetabolic;photopenic;stenotic;hemodynamically significant;
aneurysmal;ectatic;tortuous;thrombus;intraluminal;noncompressible;Foley catheter;Jackson-Pratt drain;Penrose drain;Hemovac;
nasogastric tube;gastrostomy tube;percutaneous endoscopic gastrostomy;nephrostomy;double-J stent;drug-eluting stent;
bare-metal stent;guidewire;introducer sheath;trocar;retractor;hemostat;forceps;speculum;endoscope;bronchoscope;cystoscope;
resectoscope;ureteroscope;colonoscope;gastroscope;arthroscope;curette;rongeur;osteotome;periosteal elevator;reamer;
intramedullary nail;locking plate;cannulated screws;Kirschner wire;K-wire;external fixator;cerclage wire;pledget;pledgeted;
Gelfoam;Surgicel;Steri-Strips;Dermabond;Vicryl;Monocryl;Prolene;chromic gut;silk suture;Ethibond;Xeroform;Kerlix;Ace wrap;
knee immobilizer;thumb spica;sugar-tong splint;walking boot;crutches;incentive spirometer;sequential compression devices;
compression stockings;continuous positive airway pressure;pessary;intrauterine device;cochlear implant;hearing aid;glucometer;
continuous glucose monitor;insulin pump;port-a-cath;peripherally inserted central catheter;tunneled catheter;
arteriovenous fistula;implantable cardioverter-defibrillator;biventricular pacemaker;loop recorder;bileaflet;bioprosthetic;
orthosis;ankle-foot orthosis;prosthesis;Leiden;Valsalva;Jackson-Pratt;Fogarty;Heaney;Balfour;Yankauer;Bovie;Allis;Babcock;
Kelly clamp;Kocher;DeBakey;Metzenbaum;Mayo scissors;Gelpi;Weitlaner;Deaver;Army-Navy;Steinmann;Richardson;anteverted;retroverted;
circumferential;circumferentially;curvilinear;elliptical;fibrinolytic;fingerbreadths;full-thickness;partial-thickness;
split-thickness;granulating;epithelialized;hemodynamically;hemodynamically stable;ventilator-dependent;oxygen-dependent;
insulin-dependent;steroid-dependent;ventilated;sedated;nulliparous;multiparous;primigravida;multigravida;gravida;postdates;
preterm;post-term;small for gestational age;large for gestational age;breech;transverse lie;cephalic;effaced;nonstress test;
reassuring;nonreassuring;decelerations;variability;toco;lactational;breastfed;bottle-fed;meconium;Ballard score;immunocompromised;
immunosuppressed;opportunistic;nosocomial;community-acquired;hospital-acquired;ventilator-associated;catheter-associated;
iatrogenic;idiopathic;cryptogenic;cardioembolic;atheroembolic;lacunar;watershed;multifactorial;multifocal;unifocal;refractory;
recalcitrant;recrudescent;relapsing-remitting;quiescent;indolent;fulminant;subacute;acute-on-chronic;decompensated;compensated;
exacerbation;sequelae;comorbidities;polypharmacy;nonadherence;noncompliant;nonadherent;asymptomatic;symptomatic;resolving;
self-limited;reproducible;unintentional;precipitated;alleviated;exacerbated;radiates;referred pain;activities of daily living;
instrumental activities of daily living;advance directive;do not resuscitate;do not intubate;palliative;hospice;goals of care;
surrogate;skilled nursing facility;assisted living;home health;durable medical equipment;ambulating;ambulates;tolerating;voiding;
voided;postvoid residual;bowel regimen;micturition;defecation;stooling;oral intake;nil per os;clear liquid diet;cardiac diet;
renal diet;diabetic diet;low-sodium diet;low-residue;thickened liquids;fluid restriction"""
SAID = [words for words in SAID.replace("\n", "").split(";") if words]
CUR_BRAND += [
    tuple(pair.split("="))
    for pair in """Airsupra=albuterol/budesonide;Auvelity=dextromethorphan/bupropion;Clenil=beclometasone;Fostair=beclometasone/formoterol;
Seretide=fluticasone/salmeterol;Trimbow=beclometasone/formoterol/glycopyrronium;Kisunla=donanemab;Lybalvi=olanzapine/samidorphan;
Savaysa=edoxaban;Voquezna=vonoprazan""".replace("\n", "").split(";")
]

# Names with tall-man letters, pairs of the FDA name differentiation project (a work of the US government).
TALL_MAN = """acetaZOLAMIDE-acetoHEXAMIDE;buPROPion-busPIRone;CARBOplatin-CISplatin;chlorproMAZINE-chlorproPAMIDE;clomiPHENE-clomiPRAMINE;cycloSERINE-cycloSPORINE;DAUNOrubicin-DOXOrubicin;dimenhyDRINATE-diphenhydrAMINE;DOBUTamine-DOPamine;glipiZIDE-glyBURIDE;hydrALAZINE-hydrOXYzine;hydrALAZINE-HYDROmorphone;hydrOXYzine-HYDROmorphone;medroxyPROGESTERone-methylPREDNISolone;medroxyPROGESTERone-methylTESTOSTERone;methylPREDNISolone-methylTESTOSTERone;niCARdipine-NIFEdipine;predniSONE-prednisoLONE;risperiDONE-rOPINIRole;sulfADIAZINE-sulfiSOXAZOLE;TOLAZamide-TOLBUTamide;vinBLAStine-vinCRIStine""".split(";")

# Confusions of brand and generic names that are told again and again in the safety literature.
CONFUSED = [tuple(p.split("=")) for p in """celebrex=celexa;zantac=xanax;klonopin=clonidine;hydroxyzine=hydralazine;lamictal=lamisil;tramadol=trazodone;zyrtec=zyprexa;metformin=metronidazole;clonazepam=lorazepam;bupropion=buspirone;prednisone=prednisolone;oxycontin=oxycodone;novolog=novolin;humalog=humulin;lunesta=neulasta;paxil=plavix;prilosec=prozac;sertraline=cetirizine;quinine=quinidine;vinblastine=vincristine;ephedrine=epinephrine;rituximab=infliximab;azathioprine=azacitidine;cefazolin=ceftriaxone;losartan=valsartan;amlodipine=amiloride;farxiga=fetzima;januvia=janumet;levetiracetam=levofloxacin;guaifenesin=guanfacine""".split(";")]

# Surnames in eponyms that are also words: a capital in the possessive, and a capital that a source has is kept.
NAMES = set("""bell graves still baker barrett addison cushing wilson paget down parkinson alzheimer crohn hodgkin raynaud
meniere tourette huntington marfan reiter sjogren hashimoto dupuytren peyronie osgood perthes colles
beau angle turner hunter gilbert wilms wilm charcot hirschsprung basedow pick mallory frey
wegener hakim briquet vleminckx smith brown west sweet bloom usher curling potter rotor chandler battle job""".split())

# Words of dictation that no general list has, with a modest frequency (log10 of occurrences per 10^9 words).
WORDS = {w: 2.0 for w in """um uh uhm erm hmm mhm mm-hmm dr drs mx uhh umm ahh ehr emr uptodate intraop periop gonna wanna""".split()}
