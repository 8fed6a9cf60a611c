/** The most frequent words of English, about in the order of their frequency. */
export const COMMON_WORDS: readonly string[] = `
the of and to in a is that for it was on with as be by he at from his I this are not have had but
or which an they you she were her been we their one all there would has will more when who what if
said its no so my out up about can them him some into other than then two time your could only like
do first now over these may any also new me people well our very after most made where through down
before back such way because under how must much even should those world between never own many year
good each just still day being life know years here long used great little both see work man come
place right against take use same part think house something however since does another while last
three think found might left without again went every hand such off always always home away few
number during upon few nothing get go came around small thought head name give old three Mr men
say until want though set put eyes look too asked going public far end water government second
later why system side big public face enough toward called almost done important once often night
war give best four let room better social children given possible school several among young
national state form next early until case large need within become interest half point told group
fact problem church general city power means least high country different white days kind door began
felt business order line keep five body program seemed money open light turned mother money less
John father above along service certain area development members course took history company
question office God feet hands mind words morning knew show action child law human family reached
across act death local real boy air became close sense field American results nature moment voice
change behind level today music mind north south west east woman women free book paper story girl
full free play clear taken view process turn read able past ground political often working believe
car reason strong street study table land alone ago surface letter wife data making late effect
education modern living nearly live above whole community week month century force run report party
love stage idea tell heard position price society held student ready cut value short care total
perhaps outside six building likely figure river cost answer per market town hundred thousand
million move lost true return ways basis foreign private near common value rest problems cent hold
special act simple main sound red black blue green cold hot rate type top hard heart art space
single wall expected follow amount student court army police soon road king sure hope deal effort
food summer winter spring evening window trade fire evidence plan peace hear wrote friend friends
control support stood method brought section science secretary bring union research longer carried
class president chief department recent sometimes quite nine seven eight ten training anything
earth meet leave century third ask lines doing hour hours minutes spirit various everything purpose
manner range inside hair following board ideas subject start complete size character piece cause
normal dark performance simply similar bill stopped pay beyond island story stay added feeling
person picture ever couple kept quickly quality considered seems central economic direction passed
built population methods growth conditions current beginning provided official miles language final
medical probably couldn't didn't don't wasn't it's I'm won't can't isn't wouldn't that's there's
happened nor hotel remember design particular stock physical rather concerned lower influence
arms situation test mean natural seen increase wide bad issue forces dead spent blood hall walked
industry square lay plane corner gun letters cells record average bed simple nation decided modern
leaders model materials greater trouble theory tax board equipment meeting speak follow attention
distance hit pattern former works finally born products weeks feed step usually entire race opened
plant charge appeared image ran activity lead trial doubt lot stand reported heavy month meaning
shot original region shown marriage stations doctor blue bridge claim neck serious farm sort radio
`.trim().split(/\s+/).filter((word, at, all) => all.indexOf(word) === at);
