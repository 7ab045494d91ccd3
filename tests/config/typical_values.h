/* Values as a township would say them: for tests of the shipped texts. */
#ifndef TOCSIN_TESTS_CONFIG_TYPICAL_VALUES_H
#define TOCSIN_TESTS_CONFIG_TYPICAL_VALUES_H

#include "controller/template.h"

static const struct template_values TYPICAL[TEXT_LANGUAGES] = {
    [TEXT_ZH] = {{
        [SLOT_PLACES] = "龙塘村、石桥村",
        [SLOT_ISSUER] = "青溪镇人民政府",
        [SLOT_TIME] = "凌晨三点二十分",
        [SLOT_HAZARD] = "滑坡",
        [SLOT_POINT] = "龙塘村后山",
        [SLOT_RIVER] = "青溪河",
        [SLOT_ZONE] = "下街组、河边组",
        [SLOT_STATE] = "已经来了",
        [SLOT_DIRECTION] = "石桥村",
        [SLOT_RESERVOIR] = "龙塘水库",
        [SLOT_OPERATOR] = "龙塘水库管理所",
        [SLOT_START] = "下午四点",
        [SLOT_SHELTER] = "龙塘小学",
        [SLOT_ROUTE] = "村后的老路",
        [SLOT_CLOSED] = "石桥",
        [SLOT_RETURN] = "上街组",
        [SLOT_STAY] = "下街组",
        [SLOT_PHONE] = "八二三四五六七",
        [SLOT_NEWS] = "青溪河水厂的水被污染",
        [SLOT_ACTION] = "自来水先不要喝，请到村委会领水",
        [SLOT_CORRECT] = "没有险情，不用转移，已经出门的可以回家",
        [SLOT_WRONG_TIME] = "凌晨三点",
        [SLOT_RIGHT] = "石桥村",
        [SLOT_WRONG] = "龙塘村",
    }},
    [TEXT_EN] = {{
        [SLOT_PLACES] = "Longtang and Shiqiao",
        [SLOT_ISSUER] = "Qingxi township",
        [SLOT_TIME] = "3:20 at night",
        [SLOT_HAZARD] = "landslide",
        [SLOT_POINT] = "Longtang hill",
        [SLOT_RIVER] = "Qingxi river",
        [SLOT_ZONE] = "Lower Street",
        [SLOT_STATE] = "is here",
        [SLOT_DIRECTION] = "Shiqiao",
        [SLOT_RESERVOIR] = "Longtang reservoir",
        [SLOT_OPERATOR] = "Longtang reservoir office",
        [SLOT_START] = "4 o'clock in the afternoon",
        [SLOT_SHELTER] = "Longtang school",
        [SLOT_ROUTE] = "the old road",
        [SLOT_CLOSED] = "the stone bridge",
        [SLOT_RETURN] = "Upper Street",
        [SLOT_STAY] = "Lower Street",
        [SLOT_PHONE] = "8 2 3 4 5 6 7",
        [SLOT_NEWS] = "The water of the Qingxi works is not clean",
        [SLOT_ACTION] = "Do not drink tap water; fetch water at the village office",
        [SLOT_CORRECT] = "There is no danger; no need to move; those who left may return",
        [SLOT_WRONG_TIME] = "3 o'clock",
        [SLOT_RIGHT] = "Shiqiao",
        [SLOT_WRONG] = "Longtang",
    }},
};

#endif
