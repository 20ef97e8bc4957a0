// Types of the AIGURO API, made from its description by `make client`. Do not edit.

export interface paths {
    "/api/token": {
        /** Получить токен по почте и паролю */
        post: operations["tokensCreate"];
    };
    "/api/organization/{org}/funnel/{f}/dialogs": {
        /** Диалоги воронки */
        get: operations["dialogsIndex"];
    };
    "/api/organization/{org}/funnel/{f}/dialog": {
        /** Завести диалог вручную */
        post: operations["dialogsCreate"];
    };
    "/api/organization/{org}/funnel/{f}/dialog/{uuid}": {
        /** Один диалог */
        get: operations["dialogsShow"];
        /** Удалить диалог */
        delete: operations["dialogsDelete"];
        /** Изменить диалог */
        patch: operations["dialogsChange"];
    };
    "/api/organization/{org}/funnel/{f}/dialog/{uuid}/restore": {
        /** Вернуть удалённый диалог */
        post: operations["dialogsRestore"];
    };
    "/api/organization/{org}/funnel/{f}/dialogs/test": {
        /** Тестовые диалоги воронки */
        get: operations["trialsIndex"];
    };
    "/api/organization/{org}/funnel/{f}/dialog/test-stage/{n}": {
        /** Тестовые диалоги этапа */
        get: operations["trialsOfStage"];
    };
    "/api/organization/{org}/funnel/{f}/dialog/test": {
        /** Начать тестовый диалог */
        post: operations["trialsCreate"];
    };
    "/api/organization/{org}/funnel/{f}/dialog/test-stage": {
        /** Начать тестовый диалог на этапе */
        post: operations["trialsCreateInStage"];
    };
    "/api/organization/{org}/funnel/{f}/dialog/test/{uuid}/message": {
        /** Написать в тестовый диалог */
        post: operations["trialsWrite"];
    };
    "/api/organization/{org}/funnel/{f}/dialog/{uuid}/messages": {
        /** Сообщения диалога */
        get: operations["messagesIndex"];
    };
    "/api/organization/{org}/funnel/{f}/dialog/{uuid}/messages/{id}": {
        /** Одно сообщение */
        get: operations["messagesShow"];
    };
    "/api/organization/{org}/funnel/{f}/dialog/{uuid}/message": {
        /** Написать клиенту */
        post: operations["messagesCreate"];
    };
    "/api/organization/{org}/funnels": {
        /** Воронки организации */
        get: operations["funnelsIndex"];
    };
    "/api/organization/{org}/funnel/{f}": {
        /** Одна воронка */
        get: operations["funnelsShow"];
        /** Изменить воронку */
        put: operations["funnelsChange"];
        /** Удалить воронку */
        delete: operations["funnelsRemove"];
    };
    "/api/organization/{org}/funnel": {
        /** Создать воронку */
        post: operations["funnelsCreate"];
    };
    "/api/organization/{org}/funnel/{f}/assistants": {
        /** Ассистенты воронки */
        get: operations["assistantsIndex"];
    };
    "/api/organization/{org}/funnel/{f}/assistant/{code}": {
        /** Один ассистент */
        get: operations["assistantsShow"];
        /** Изменить ассистента */
        put: operations["assistantsChange"];
        /** Удалить ассистента */
        delete: operations["assistantsRemove"];
    };
    "/api/organization/{org}/funnel/{f}/assistant": {
        /** Изменить ассистента, названного в теле */
        put: operations["assistantsWrite"];
        /** Создать ассистента */
        post: operations["assistantsCreate"];
    };
    "/api/organization/{org}/clients": {
        /** Клиенты организации */
        get: operations["clientsIndex"];
    };
    "/api/organization/{org}/client": {
        /** Добавить клиента */
        post: operations["clientsAdd"];
    };
    "/api/organization/{org}/client/{id}": {
        /** Один клиент */
        get: operations["clientsShow"];
        /** Изменить клиента */
        put: operations["clientsChange"];
        /** Удалить клиента */
        delete: operations["clientsRemove"];
    };
    "/api/organization/{org}/client/{id}/restore": {
        /** Вернуть удалённого клиента */
        post: operations["clientsRestore"];
    };
    "/api/organization/{org}/client/{id}/dialogs": {
        /** Диалоги клиента */
        get: operations["clientsIndexDialogs"];
    };
    "/api/organizations": {
        /** Мои организации */
        get: operations["organizationsIndex"];
    };
    "/api/organization": {
        /** Создать организацию или получить существующую */
        post: operations["organizationsCreate"];
    };
    "/api/organization/{org}": {
        /** Организация */
        get: operations["organizationsShow"];
        /** Удалить организацию */
        delete: operations["organizationsArchive"];
    };
    "/api/organization/{org}/funnel/{f}/messenger_connections": {
        /** Подключения воронки */
        get: operations["connectionsIndex"];
    };
    "/api/organization/{org}/funnel/{f}/messenger_connection/{id}": {
        /** Подключение воронки */
        get: operations["connectionsShow"];
        /** Отключить мессенджер воронки */
        delete: operations["connectionsRemove"];
    };
    "/api/organization/{org}/funnel/{f}/messenger_connection": {
        /** Подключить мессенджер к воронке */
        post: operations["connectionsCreate"];
    };
    "/api/organization/{org}/funnel/{f}/attach_messenger_connection": {
        /** Прикрепить подключение к воронке */
        post: operations["connectionsAttach"];
    };
    "/api/organization/{org}/funnel/{f}/detach_messenger_connection": {
        /** Открепить подключение от воронки */
        delete: operations["connectionsDetach"];
    };
    "/api/organization/{org}/messenger_connections": {
        /** Все подключения организации */
        get: operations["connectionsIndexAll"];
    };
    "/api/organization/{org}/messenger_connection/{id}": {
        /** Подключение организации */
        get: operations["connectionsShowOwn"];
        /** Отключить мессенджер */
        delete: operations["connectionsRemoveOwn"];
    };
    "/api/organization/{org}/messenger_connection": {
        /** Подключить мессенджер к организации */
        post: operations["connectionsCreateOwn"];
    };
    "/api/api/organizations/{org}/files": {
        /** Файлы организации */
        get: operations["filesIndex"];
        /** Загрузить файл */
        post: operations["filesCreate"];
    };
    "/api/api/organizations/{org}/files/statistics": {
        /** Сколько файлов и какого размера */
        get: operations["filesStatistics"];
    };
    "/api/api/organizations/{org}/files/{id}": {
        /** Один файл */
        get: operations["filesShow"];
        /** Удалить файл */
        delete: operations["filesRemove"];
    };
    "/api/api/organizations/{org}/funnels/{f}/files": {
        /** Файлы воронки */
        get: operations["filesIndexOfFunnel"];
        /** Загрузить файл в воронку */
        post: operations["filesCreateInFunnel"];
    };
    "/api/api/organizations/{org}/funnels/{f}/files/statistics": {
        /** Сколько файлов у воронки */
        get: operations["filesStatisticsOfFunnel"];
    };
    "/api/api/organizations/{org}/funnels/{f}/files/{id}/attach": {
        /** Прикрепить файл к воронке */
        post: operations["filesAttach"];
    };
    "/api/api/organizations/{org}/funnels/{f}/files/{id}/detach": {
        /** Открепить файл от воронки */
        post: operations["filesDetach"];
    };
    "/api/api/organizations/{org}/funnels/{f}/files/{id}": {
        /** Удалить файл воронки */
        delete: operations["filesRemoveOfFunnel"];
    };
    "/api/api/files/{id}/url": {
        /** Ссылка на файл */
        get: operations["fileUrlsUrl"];
    };
    "/api/download/{token}": {
        /** Содержимое файла по ссылке */
        get: operations["downloadDownload"];
    };
    "/api/support/tickets": {
        /** Обращения в поддержку */
        get: operations["ticketsIndex"];
        /** Открыть обращение */
        post: operations["ticketsCreate"];
    };
    "/api/support/tickets/{id}": {
        /** Одно обращение */
        get: operations["ticketsShow"];
        /** Изменить обращение */
        patch: operations["ticketsChange"];
    };
    "/api/support/tickets/{id}/messages": {
        /** Сообщения обращения */
        get: operations["ticketsMessages"];
        /** Написать в обращение */
        post: operations["ticketsAnswer"];
    };
    "/api/support/tickets/{id}/messages/{ticket_message_id}": {
        /** Одно сообщение обращения */
        get: operations["ticketsMessage"];
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description Ошибка (RFC 9457). */
        Problem: {
            /** @description Всегда `about:blank`: вид ошибки называет `code` */
            type: string;
            /** @description Коротко, одинаково для всех ошибок этого вида */
            title: string;
            status: number;
            /** @description Что случилось, для людей */
            detail: string;
            /** @description Путь запроса */
            instance: string;
            /** @description То же, что `detail`; у `POST /api/token` — слово из RFC 6749 */
            error: string;
            /** @description Слово для программ */
            code: string;
            /** @description Номер запроса в нашем журнале, он же `X-Request-Id` */
            request_id: string;
            /** @description Что не так с полями */
            errors?: {
                /** @description Указатель JSON на поле или имя параметра */
                pointer: string;
                /** @description Объяснение */
                message: string;
            }[];
        };
        AssistantChangeIn: {
            /**
             * @description До 50000 символов, хранится до буквы. Обязателен (или text)
             * @default null
             */
            prompt?: string | null;
            /**
             * @description То же, что prompt. Если присланы оба, действует тот, который отличается от нынешнего промпта
             * @default null
             */
            text?: string | null;
            /** @default null */
            name?: string | null;
            /** @default null */
            description?: string | null;
            /**
             * @description null у параметра — как у воронки; то, что не прислано, остаётся
             * @default null
             */
            parameters?: components["schemas"]["ParametersIn"] | null;
            /**
             * @description Новый код: у ассистента этапа меняется и код этапа
             * @default null
             */
            code_name?: string | null;
        };
        AssistantIn: {
            /**
             * @description До 50000 символов, хранится до буквы. Обязателен (или text)
             * @default null
             */
            prompt?: string | null;
            /**
             * @description То же, что prompt. Если присланы оба, действует тот, который отличается от нынешнего промпта
             * @default null
             */
            text?: string | null;
            /** @default null */
            name?: string | null;
            /** @default null */
            description?: string | null;
            /**
             * @description null у параметра — как у воронки; то, что не прислано, остаётся
             * @default null
             */
            parameters?: components["schemas"]["ParametersIn"] | null;
            /** @description Единственный в воронке: буквы, цифры, «_», «-», «.», не одни цифры */
            code_name: string;
        };
        AssistantOut: {
            id: number;
            assistant_code_name: string;
            /** @description То же, что assistant_code_name */
            code_name: string;
            name: string;
            description: string;
            prompt: string;
            /** @description То же, что prompt */
            text: string;
            /** @description Сколько напоминаний у его этапа */
            followups_count: number;
            /** @description Номер его этапа, с 1; null — ассистент без этапа */
            stage_number: number | null;
            /** @description Свои или, если их нет, воронки */
            parameters: components["schemas"]["ParametersOut"];
        };
        AssistantTextIn: {
            /**
             * @description До 50000 символов, хранится до буквы. Обязателен (или text)
             * @default null
             */
            prompt?: string | null;
            /**
             * @description То же, что prompt. Если присланы оба, действует тот, который отличается от нынешнего промпта
             * @default null
             */
            text?: string | null;
            /** @default null */
            name?: string | null;
            /** @default null */
            description?: string | null;
            /**
             * @description null у параметра — как у воронки; то, что не прислано, остаётся
             * @default null
             */
            parameters?: components["schemas"]["ParametersIn"] | null;
            /** @description Код или id ассистента */
            code_name: string;
        };
        CategoryOut: {
            count: number;
            /** @description Байты */
            size: number;
        };
        ClientDialogsQuery: {
            /**
             * @description Номер страницы, с 1
             * @default null
             */
            page?: number | null;
            /**
             * @description Строк на странице
             * @default null
             */
            limit?: number | null;
            /**
             * @description Пусто: начать обход; дальше из Link rel=next
             * @default null
             */
            cursor?: string | null;
            /**
             * @description Только открытые (active) или закрытые (closed)
             * @default null
             */
            status?: components["schemas"]["DialogStatus"] | null;
            /**
             * @description С минусом: сначала новые; обход по cursor идёт только по -id
             * @default -id
             * @enum {string}
             */
            sort?: "-id" | "id" | "-last_activity" | "last_activity" | "-created_at" | "created_at";
        };
        ClientIn: {
            /**
             * @description Пустое имя и «Не указано» оставляют прежнее
             * @default null
             */
            name?: string | null;
            /**
             * @description Российский или с кодом страны; хранится как E.164. Пустая строка, «Не указано» и «Не назначено» очищают поле
             * @default null
             */
            phone?: string | null;
            /**
             * @description Пустая строка, «Не указано» и «Не назначено» очищают поле
             * @default null
             */
            email?: string | null;
            /**
             * @description Id, почта или имя участника (если оно одно), иначе хранится как текст. Пустая строка, «Не указано» и «Не назначено» очищают поле
             * @default null
             */
            manager?: number | string | null;
            /**
             * @description active или inactive
             * @default null
             */
            status?: components["schemas"]["ClientStatus"] | null;
        };
        ClientOfDialogOut: {
            id: number;
            name: string;
            phone: string;
            email: string;
            manager: string | null;
            /** @description active или inactive */
            status: string;
            /** @description Наибольшая вероятность среди открытых диалогов клиента, % */
            close_ratio: number;
            /** @description Сообщений во всех диалогах клиента */
            messages_count: number;
        };
        ClientOut: {
            id: number;
            /** @description Может быть пустым: мессенджер не всегда знает имя */
            name: string;
            email: string;
            /** @description В виде E.164 (`+79001234567`); пусто, если неизвестен */
            phone: string;
            /** @description Имя ответственного участника, иначе записанный текст */
            manager: string | null;
            /**
             * @description Ставят люди: active или inactive
             * @enum {string}
             */
            status: "active" | "inactive";
            /** @description То же, что manager; пусто, если никого нет */
            assignedTo: string;
            /**
             * @description Вычисляется при чтении, первое подходящее: «неактивный» — последнее сообщение больше 90 дней назад, «постоянный» — есть выигранная сделка, «новый» — ни одной выигранной, как бы давно клиент ни появился
             * @enum {string}
             */
            type: "новый" | "постоянный" | "неактивный";
            /**
             * Format: date-time
             * @description То же, что created_at
             */
            created: string;
            /**
             * Format: date-time
             * @description То же, что last_activity
             */
            lastActivity: string;
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description Последнее сообщение в любую сторону, а до него создание
             */
            last_activity: string;
            /** Format: date-time */
            updated_at: string;
            /** @description Сообщений во всех диалогах клиента */
            messages_count: number;
            /** @description Процент: наибольший из активных диалогов */
            close_ratio: number;
        };
        /** @enum {string} */
        ClientStatus: "active" | "inactive";
        ClientsQuery: {
            /**
             * @description Номер страницы, с 1
             * @default null
             */
            page?: number | null;
            /**
             * @description Строк на странице
             * @default null
             */
            limit?: number | null;
            /**
             * @description Пусто: начать обход; дальше из Link rel=next
             * @default null
             */
            cursor?: string | null;
            /**
             * @description Часть имени, почты или телефона; ищется среди 100 000 клиентов с самой новой активностью
             * @default null
             */
            q?: string | null;
            /**
             * @description Только active или только inactive
             * @default null
             */
            status?: components["schemas"]["ClientStatus"] | null;
            /**
             * @description Только такие, как сказано в поле type клиента
             * @default null
             */
            type?: ("новый" | "постоянный" | "неактивный") | null;
            /**
             * @description Id, почта или имя участника либо записанный текст; пусто или «Не назначено»: без ответственного
             * @default null
             */
            manager?: string | null;
            /**
             * @description С минусом: сначала новые
             * @default -id
             * @enum {string}
             */
            sort?: "-id" | "id" | "-last_activity" | "last_activity" | "-created_at" | "created_at";
        };
        ConnectionDataOut: {
            /** @description Имя в мессенджере без @; пусто у чата на сайте */
            username: string;
            /** @description Как аккаунт назван в мессенджере */
            account: string;
            /** @description Последние четыре знака токена; сам он никогда не возвращается */
            token_hint: string;
        };
        ConnectionIn: {
            /**
             * @description Что можно подключить сейчас
             * @enum {string}
             */
            messenger_type: "telegram" | "webchat";
            /**
             * @description Токен бота; чату на сайте не нужен
             * @default
             */
            token?: string;
            /**
             * @description Название для своих
             * @default null
             */
            name?: string | null;
            /**
             * @description false: подключить, но пока не принимать и не отправлять
             * @default true
             */
            is_active?: boolean;
        };
        ConnectionOut: {
            id: string;
            name: string | null;
            /** @description То же, что name */
            connection_name: string | null;
            /** @description telegram, whatsapp, webchat или max */
            messenger_type: string;
            /** @description Выключенное ничего не принимает и не отправляет */
            is_active: boolean;
            /** @description connecting: ещё подключается; ok; broken: мессенджер отказывает, нужно подключить заново */
            status: string;
            /** @description Воронка, в которую приходят новые клиенты; null: первая активная */
            funnel_id: string | null;
            /**
             * Format: date-time
             * @description Последнее входящее, а до него время подключения
             */
            last_activity: string;
            connection_data: components["schemas"]["ConnectionDataOut"];
        };
        DeletedOut: {
            id: number;
            /**
             * @default true
             * @constant
             */
            deleted: true;
        };
        /** @enum {string} */
        Department: "technical" | "sales" | "billing" | "general";
        DialogIn: {
            /**
             * @description Известный клиент; без него заводится новый
             * @default null
             */
            client_id?: number | string | null;
            /**
             * @description Имя нового клиента
             * @default null
             */
            name?: string | null;
        };
        DialogOut: {
            id: string;
            /**
             * Format: uuid
             * @description Имя диалога в адресах
             */
            uuid: string;
            /** @description Чат в мессенджере */
            thread_id: string;
            client_id: number;
            funnel_id: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /**
             * Format: date-time
             * @description То же, что created_at
             */
            created: string;
            /**
             * Format: date-time
             * @description То же, что last_activity
             */
            lastActivity: string;
            /**
             * Format: date-time
             * @description Последнее сообщение; без сообщений — created_at
             */
            last_activity: string;
            /** @description active или closed */
            status: string;
            /** @description Чем кончилась сделка закрытого диалога */
            outcome: ("won" | "lost") | null;
            /** @description Причина отказа; '' если не указана */
            lost_reason: string;
            messages_count: number;
            /** @description Начало последнего сообщения одной строкой */
            last_message: string;
            /** @description Вероятность сделки, %: 0…100 */
            close_ratio: number;
            /** @description Имя ответственного */
            manager: string | null;
            /** @description Отвечает ли ассистент */
            ai: boolean;
            /** @description Клиент отписался: писать ему нельзя */
            unsubscribed: boolean;
            /** @description Код этапа (assistant_code_name) */
            stage: string;
            /** @description Название этапа для людей */
            stage_name: string;
            description: string;
            tags: string[];
            /** @description Рубли, две цифры после запятой; 0 если не указана */
            price: number;
            /** @description telegram, whatsapp, webchat, max; '' без мессенджера */
            channel: string;
            /** @description Имя клиента */
            name: string;
            /** @description Телефон клиента */
            phone: string;
            /** @description Почта клиента */
            email: string;
            client: components["schemas"]["ClientOfDialogOut"];
        };
        DialogPatchIn: {
            /**
             * @description Код этапа этой же воронки
             * @default null
             */
            stage?: string | null;
            /**
             * @description Ответственный: id, почта или единственное в своём роде имя участника, иначе просто текст; '', «Не назначено», «Не указано» — никто
             * @default null
             */
            manager?: number | string | null;
            /**
             * @description true — вернуть ассистенту; false — взять себе, ассистент замолкает сразу
             * @default null
             */
            ai?: boolean | null;
            /**
             * @description closed — закрыть, active — открыть снова
             * @default null
             */
            status?: components["schemas"]["DialogStatus"] | null;
            /**
             * @description Исход закрытого диалога: won или lost
             * @default null
             */
            outcome?: components["schemas"]["Outcome"] | null;
            /**
             * @description Причина отказа, только при outcome = lost
             * @default null
             */
            lost_reason?: string | null;
            /**
             * @description Рубли, не больше двух знаков после запятой; число или его десятичная запись в строке
             * @default null
             */
            price?: number | string | null;
            /**
             * @description Вероятность сделки, %
             * @default null
             */
            close_ratio?: number | null;
            /**
             * @description Все метки заново; [] — убрать все, повторы не считаются
             * @default null
             */
            tags?: string[] | null;
            /**
             * @description '' — очистить
             * @default null
             */
            description?: string | null;
        };
        /** @enum {string} */
        DialogStatus: "active" | "closed";
        DialogsQuery: {
            /**
             * @description Номер страницы, с 1
             * @default null
             */
            page?: number | null;
            /**
             * @description Строк на странице
             * @default null
             */
            limit?: number | null;
            /**
             * @description Пусто: начать обход; дальше из Link rel=next
             * @default null
             */
            cursor?: string | null;
            /**
             * @description Код этапа
             * @default null
             */
            stage?: string | null;
            /**
             * @description active или closed
             * @default null
             */
            status?: components["schemas"]["DialogStatus"] | null;
            /**
             * @description Отвечает ли ассистент
             * @default null
             */
            ai?: boolean | null;
            /**
             * @description Ответственный: id, почта или единственное в своём роде имя участника, иначе записанный текст; «Не назначено» — никто
             * @default null
             */
            manager?: string | null;
            /**
             * @description Изменённые с этого времени (ISO 8601)
             * @default null
             */
            updated_since?: string | null;
            /**
             * @description Часть имени, телефона или почты клиента
             * @default null
             */
            q?: string | null;
            /**
             * @description Порядок; с минусом — новые сначала
             * @default -id
             * @enum {string}
             */
            sort?: "-id" | "id" | "-last_activity" | "last_activity" | "-created_at" | "created_at";
        };
        /** @enum {string} */
        FileCategory: "general_info" | "service_catalog" | "dialog_management" | "client_work";
        FileIn: {
            /** @default  */
            description?: string;
            /** @default general_info */
            category?: components["schemas"]["FileCategory"];
            /** @default false */
            is_public?: boolean;
        };
        FileOut: {
            id: number;
            /** @description Имя, под которым файл загружен; окончание отвечает содержимому */
            original_name: string;
            /** @description То же, что original_name */
            filename: string;
            /** @description Тип, определённый по содержимому */
            content_type: string;
            /** @description Байты */
            size: number;
            category: components["schemas"]["FileCategory"];
            description: string;
            /** @description Пометка для своих; ссылка и у таких файлов подписана и живёт до 10 минут */
            is_public: boolean;
            /** Format: date-time */
            created_at: string;
        };
        FileStatisticsOut: {
            total_files: number;
            /** @description Байты */
            total_size: number;
            /** @description Все четыре категории, и пустые */
            by_category: {
                [key: string]: components["schemas"]["CategoryOut"];
            };
        };
        FileUrlOut: {
            /** @description Открывается без токена, но лишь пока тот, кто её получил, видит этот файл */
            url: string;
            /** @description Секунды, на самом деле */
            expires_in: number;
        };
        FileUrlQuery: {
            /**
             * @description Секунды жизни ссылки; больше 600 не бывает, лишнее отбрасывается
             * @default 600
             */
            expires_in?: number;
        };
        FilesOut: {
            files: components["schemas"]["FileOut"][];
            /** @description Сколько файлов всего; то же в X-Total-Count */
            total: number;
            /** @description Номер страницы, с 1; при обходе по cursor всегда 1 */
            page: number;
            /** @description Строк на странице (limit) */
            per_page: number;
        };
        FilesQuery: {
            /**
             * @description Номер страницы, с 1
             * @default null
             */
            page?: number | null;
            /**
             * @description Строк на странице
             * @default null
             */
            limit?: number | null;
            /**
             * @description Пусто: начать обход; дальше из Link rel=next
             * @default null
             */
            cursor?: string | null;
            /**
             * @description Только файлы этой категории
             * @default null
             */
            category?: components["schemas"]["FileCategory"] | null;
        };
        FollowupIn: {
            /** @description Минуты молчания клиента после нашего последнего сообщения */
            delay_minutes: number;
            /**
             * @description Чей ассистент пишет: код этапа этой же воронки. Без него — ассистент своего этапа
             * @default null
             */
            assistant_code_name?: string | null;
            /**
             * @description Отправляется как есть
             * @default null
             */
            text?: string | null;
            /**
             * @description По нему напоминание пишет модель
             * @default null
             */
            prompt?: string | null;
        };
        FollowupOut: {
            /** @description Минуты молчания клиента после нашего последнего сообщения */
            delay_minutes: number;
            /** @description Чей ассистент пишет напоминание */
            assistant_code_name: string;
            /** @description Отправляется как есть; null — пишет модель */
            text: string | null;
            /** @description По нему напоминание пишет модель; null — ассистент, по своему промпту */
            prompt: string | null;
        };
        FunnelChangeIn: {
            /** @default null */
            description?: string | null;
            /**
             * @description Первая воронка организации включена сразу
             * @default null
             */
            is_active?: boolean | null;
            /**
             * @description Секунды: сообщения клиента, пришедшие подряд за это время, ассистент отвечает разом. 0..600
             * @default null
             */
            mergeToArray?: number | null;
            /**
             * @description Символы: ответ длиннее делится на несколько сообщений. 0 — не делить, до 10000
             * @default null
             */
            breakSize?: number | null;
            /**
             * @description Секунды между частями разделённого ответа. 0..60
             * @default null
             */
            breakWait?: number | null;
            /**
             * @description Сколько последних сообщений диалога видит модель. 0 — все, до 1000
             * @default null
             */
            contextMemorySize?: number | null;
            /**
             * @description Ассистенты знают файлы организации
             * @default null
             */
            useCompanyKnowledgeBase?: boolean | null;
            /**
             * @description Ассистенты знают файлы этой воронки
             * @default null
             */
            useFunnelKnowledgeBase?: boolean | null;
            /**
             * @description Минуты, на которые ассистент замолкает после сообщения менеджера. 0 — пока не включат, до 43200
             * @default null
             */
            autoPause?: number | null;
            /**
             * @description Сообщение менеджера выключает ассистента насовсем
             * @default null
             */
            autoPauseFull?: boolean | null;
            /**
             * @description Текст, который клиент получает вне рабочих часов. Пусто — ничего
             * @default null
             */
            autoAnswer?: string | null;
            /**
             * @description Сообщений в минуту, после которых клиент не получает ответа. 0 — без ограничения, до 1000
             * @default null
             */
            antiSpam?: number | null;
            /**
             * @description Принимать файлы клиентов
             * @default null
             */
            acceptFile?: boolean | null;
            /**
             * @description Принимать голосовые сообщения
             * @default null
             */
            acceptAudio?: boolean | null;
            /**
             * @description Работать только в рабочие часы
             * @default null
             */
            workSchedule?: boolean | null;
            /**
             * @description Час начала работы, 0..23, в часовом поясе организации
             * @default null
             */
            workStart?: number | null;
            /**
             * @description Час конца работы, 0..23, в часовом поясе организации
             * @default null
             */
            workEnd?: number | null;
            /**
             * @description Промпт, общий для всех этапов. До 20000 символов
             * @default null
             */
            role_instruction?: string | null;
            /**
             * @description Что клиент получает, когда диалог передан менеджеру. До 1000 символов
             * @default null
             */
            handOverText?: string | null;
            /** @default null */
            parameters?: components["schemas"]["ParametersIn"] | null;
            /**
             * @description Нет или null — остаётся прежним; пустым быть не может
             * @default null
             */
            display_name?: string | null;
        };
        FunnelIn: {
            /** @default null */
            description?: string | null;
            /**
             * @description Первая воронка организации включена сразу
             * @default null
             */
            is_active?: boolean | null;
            /**
             * @description Секунды: сообщения клиента, пришедшие подряд за это время, ассистент отвечает разом. 0..600
             * @default null
             */
            mergeToArray?: number | null;
            /**
             * @description Символы: ответ длиннее делится на несколько сообщений. 0 — не делить, до 10000
             * @default null
             */
            breakSize?: number | null;
            /**
             * @description Секунды между частями разделённого ответа. 0..60
             * @default null
             */
            breakWait?: number | null;
            /**
             * @description Сколько последних сообщений диалога видит модель. 0 — все, до 1000
             * @default null
             */
            contextMemorySize?: number | null;
            /**
             * @description Ассистенты знают файлы организации
             * @default null
             */
            useCompanyKnowledgeBase?: boolean | null;
            /**
             * @description Ассистенты знают файлы этой воронки
             * @default null
             */
            useFunnelKnowledgeBase?: boolean | null;
            /**
             * @description Минуты, на которые ассистент замолкает после сообщения менеджера. 0 — пока не включат, до 43200
             * @default null
             */
            autoPause?: number | null;
            /**
             * @description Сообщение менеджера выключает ассистента насовсем
             * @default null
             */
            autoPauseFull?: boolean | null;
            /**
             * @description Текст, который клиент получает вне рабочих часов. Пусто — ничего
             * @default null
             */
            autoAnswer?: string | null;
            /**
             * @description Сообщений в минуту, после которых клиент не получает ответа. 0 — без ограничения, до 1000
             * @default null
             */
            antiSpam?: number | null;
            /**
             * @description Принимать файлы клиентов
             * @default null
             */
            acceptFile?: boolean | null;
            /**
             * @description Принимать голосовые сообщения
             * @default null
             */
            acceptAudio?: boolean | null;
            /**
             * @description Работать только в рабочие часы
             * @default null
             */
            workSchedule?: boolean | null;
            /**
             * @description Час начала работы, 0..23, в часовом поясе организации
             * @default null
             */
            workStart?: number | null;
            /**
             * @description Час конца работы, 0..23, в часовом поясе организации
             * @default null
             */
            workEnd?: number | null;
            /**
             * @description Промпт, общий для всех этапов. До 20000 символов
             * @default null
             */
            role_instruction?: string | null;
            /**
             * @description Что клиент получает, когда диалог передан менеджеру. До 1000 символов
             * @default null
             */
            handOverText?: string | null;
            /** @default null */
            parameters?: components["schemas"]["ParametersIn"] | null;
            display_name: string;
            /**
             * @description Без этапов воронка получает три: Квалификация, Презентация, Закрытие
             * @default null
             */
            stages?: components["schemas"]["StageIn"][] | null;
        };
        FunnelOut: {
            id: string;
            /** @description Имя, единственное в организации: display_name, при повторе с номером */
            name: string;
            display_name: string;
            description: string;
            is_active: boolean;
            /** @description Секунды: сообщения клиента, пришедшие подряд за это время, ассистент отвечает разом. 0..600 */
            mergeToArray: number;
            /** @description Символы: ответ длиннее делится на несколько сообщений. 0 — не делить, до 10000 */
            breakSize: number;
            /** @description Секунды между частями разделённого ответа. 0..60 */
            breakWait: number;
            /** @description Сколько последних сообщений диалога видит модель. 0 — все, до 1000 */
            contextMemorySize: number;
            /** @description Ассистенты знают файлы организации */
            useCompanyKnowledgeBase: boolean;
            /** @description Ассистенты знают файлы этой воронки */
            useFunnelKnowledgeBase: boolean;
            /** @description Минуты, на которые ассистент замолкает после сообщения менеджера. 0 — пока не включат, до 43200 */
            autoPause: number;
            /** @description Сообщение менеджера выключает ассистента насовсем */
            autoPauseFull: boolean;
            /** @description Текст, который клиент получает вне рабочих часов. Пусто — ничего */
            autoAnswer: string;
            /** @description Сообщений в минуту, после которых клиент не получает ответа. 0 — без ограничения, до 1000 */
            antiSpam: number;
            /** @description Принимать файлы клиентов */
            acceptFile: boolean;
            /** @description Принимать голосовые сообщения */
            acceptAudio: boolean;
            /** @description Работать только в рабочие часы */
            workSchedule: boolean;
            /** @description Час начала работы, 0..23, в часовом поясе организации */
            workStart: number;
            /** @description Час конца работы, 0..23, в часовом поясе организации */
            workEnd: number;
            /** @description Промпт, общий для всех этапов. До 20000 символов */
            role_instruction: string;
            /** @description Что клиент получает, когда диалог передан менеджеру. До 1000 символов */
            handOverText: string;
            parameters: components["schemas"]["ParametersOut"];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
            /** @description Проценты: доля диалогов, закрытых с успехом, среди всех диалогов воронки, до десятых */
            conversion: number;
            stages: components["schemas"]["StageOut"][];
        };
        MessageIn: {
            /** @description Пробелы по краям не считаются */
            text: string;
            /**
             * @description От чьего лица. user — только в тестовом диалоге. Отправитель — владелец токена
             * @default manager
             * @enum {string}
             */
            role?: "manager" | "assistant" | "user";
        };
        MessageOut: {
            /** @description Постоянный, единственный */
            id: string;
            text: string;
            /**
             * @description user — клиент; system — запись для сотрудников (этап, передача), клиенту не уходит
             * @enum {string}
             */
            role: "user" | "assistant" | "manager" | "system";
            /**
             * Format: date-time
             * @description Время по UTC
             */
            timestamp: string;
            /**
             * Format: date-time
             * @description Тот же миг в часовом поясе организации, со смещением
             */
            time: string;
            /** @description Ход доставки нашего сообщения; null у того, что не доставляется. uncertain — неизвестно, дошло ли */
            status: ("queued" | "sending" | "sent" | "delivered" | "read" | "failed" | "uncertain") | null;
            /** @description Почему не доставлено, по-русски */
            error: string | null;
            /** @description Имя автора; '' если неизвестно */
            author: string;
            /** @description Номер этапа в воронке, с 1 */
            stage_number: number;
            /** @description Клиент изменил сообщение */
            edited: boolean;
            attachments: components["schemas"]["aiguro_web__schemas__messages__AttachmentOut"][];
        };
        MessagesQuery: {
            /**
             * @description Номер страницы, с 1
             * @default null
             */
            page?: number | null;
            /**
             * @description Строк на странице
             * @default null
             */
            limit?: number | null;
            /**
             * @description Пусто: начать обход; дальше из Link rel=next
             * @default null
             */
            cursor?: string | null;
            /**
             * @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все.
             * @default null
             */
            orgId?: number | string | null;
        };
        OrganizationIn: {
            /** @description Номер организации у Clerk; его должен подтверждать токен */
            gid: string;
            /** @description Название; у существующей организации не меняется */
            display_name: string;
            /**
             * @description Принимается и ни на что не влияет: выключает организацию только поддержка AIGURO
             * @default true
             */
            is_active?: boolean;
        };
        OrganizationOfTicketOut: {
            id: number;
            display_name: string;
        };
        OrganizationOut: {
            /** @description Наш номер организации: он стоит во всех адресах */
            id: number;
            /** @description Номер у Clerk (`org_…`); null у созданной без него */
            gid: string | null;
            display_name: string;
            is_active: boolean;
        };
        OrganizationQuery: {
            /**
             * @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все.
             * @default null
             */
            orgId?: number | string | null;
        };
        /** @enum {string} */
        Outcome: "won" | "lost";
        OwnConnectionIn: {
            /**
             * @description Что можно подключить сейчас
             * @enum {string}
             */
            messenger_type: "telegram" | "webchat";
            /**
             * @description Токен бота; чату на сайте не нужен
             * @default
             */
            token?: string;
            /**
             * @description Название для своих
             * @default null
             */
            name?: string | null;
            /**
             * @description false: подключить, но пока не принимать и не отправлять
             * @default true
             */
            is_active?: boolean;
            /**
             * @description Воронка, к которой прикрепить сразу
             * @default null
             */
            funnel_id?: number | string | null;
        };
        PageQuery: {
            /**
             * @description Номер страницы, с 1
             * @default null
             */
            page?: number | null;
            /**
             * @description Строк на странице
             * @default null
             */
            limit?: number | null;
            /**
             * @description Пусто: начать обход; дальше из Link rel=next
             * @default null
             */
            cursor?: string | null;
        };
        ParametersIn: {
            /**
             * @description Насколько вольно пишет модель, 0..2, до сотых
             * @default null
             */
            temperature?: number | null;
            /**
             * @description Доля вероятных слов, из которых выбирает модель, 0..1, до сотых
             * @default null
             */
            top_p?: number | null;
        };
        ParametersOut: {
            /** @description Насколько вольно пишет модель, 0..2, до сотых */
            temperature: number;
            /** @description Доля вероятных слов, из которых выбирает модель, 0..1, до сотых */
            top_p: number;
        };
        /** @enum {string} */
        Priority: "low" | "medium" | "high" | "urgent";
        RemoveQuery: {
            /**
             * @description Воронка, на первый этап которой переходят все диалоги
             * @default null
             */
            move_to?: number | string | null;
        };
        StageAssistantOut: {
            id: number;
            code_name: string;
            name: string;
            prompt: string;
            /** @description Свои или, если их нет, воронки */
            parameters: components["schemas"]["ParametersOut"];
        };
        StageIn: {
            name: string;
            /**
             * @description Код этапа и его ассистента, единственный в воронке: буквы, цифры, «_», «-», «.», не одни цифры. Без него код составляется из названия латиницей
             * @default null
             */
            assistant_code_name?: string | null;
            /** @default null */
            prompt?: string | null;
            /** @default null */
            followups?: components["schemas"]["FollowupIn"][] | null;
        };
        StageOut: {
            name: string;
            /** @description Код этапа: `stage` диалога */
            assistant_code_name: string;
            prompt: string;
            followups: components["schemas"]["FollowupOut"][];
            /** @description Открытых диалогов на этапе */
            deals_count: number;
            /** @description Сумма их цен, рубли */
            deals_amount: number;
            assistant: components["schemas"]["StageAssistantOut"] | null;
        };
        StageTrialIn: {
            /** @description Номер этапа в воронке, с 1 */
            stage_number: number;
            /**
             * @description Первое сообщение клиента; без него ассистент ждёт
             * @default null
             */
            initial_message?: string | null;
        };
        TextDeletedOut: {
            id: string;
            /**
             * @default true
             * @constant
             */
            deleted: true;
        };
        TicketChangeIn: {
            /**
             * @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все.
             * @default null
             */
            orgId?: number | string | null;
            /** @default null */
            status?: components["schemas"]["TicketStatus"] | null;
            /** @default null */
            department?: components["schemas"]["Department"] | null;
            /** @default null */
            priority?: components["schemas"]["Priority"] | null;
        };
        TicketFullOut: {
            id: string;
            subject: string;
            department: components["schemas"]["Department"];
            status: components["schemas"]["TicketStatus"];
            priority: components["schemas"]["Priority"];
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description Когда написали или изменили обращение в последний раз
             */
            updated_at: string;
            /** @description Вместе с описанием: оно первое сообщение */
            messages_count: number;
            funnel_id: string | null;
            funnel_name: string | null;
            /** @description Кто открыл; пусто, если имя неизвестно */
            author: string;
            /** @description Чьё это обращение */
            organization: components["schemas"]["OrganizationOfTicketOut"];
            /** @description Текст первого сообщения */
            description: string;
            /** @description Файлы первого сообщения */
            attachments: components["schemas"]["aiguro_web__schemas__tickets__AttachmentOut"][];
        };
        TicketIn: {
            /**
             * @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все.
             * @default null
             */
            orgId?: number | string | null;
            /** @description Тема */
            subject: string;
            /** @description Становится первым сообщением */
            description: string;
            /** @description Отдел поддержки */
            department: components["schemas"]["Department"];
            /**
             * @description Важность; без неё medium
             * @default null
             */
            priority?: components["schemas"]["Priority"] | null;
            /**
             * @description Воронка, о которой речь
             * @default null
             */
            funnel_id?: number | string | null;
        };
        TicketMessageIn: {
            /**
             * @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все.
             * @default null
             */
            orgId?: number | string | null;
            text: string;
        };
        TicketMessageOut: {
            id: string;
            text: string;
            /** @description support — ровно тогда, когда пишет сотрудник AIGURO */
            role: components["schemas"]["TicketRole"];
            author: string;
            /** Format: date-time */
            timestamp: string;
            attachments: components["schemas"]["aiguro_web__schemas__tickets__AttachmentOut"][];
        };
        TicketOut: {
            id: string;
            subject: string;
            department: components["schemas"]["Department"];
            status: components["schemas"]["TicketStatus"];
            priority: components["schemas"]["Priority"];
            /** Format: date-time */
            created_at: string;
            /**
             * Format: date-time
             * @description Когда написали или изменили обращение в последний раз
             */
            updated_at: string;
            /** @description Вместе с описанием: оно первое сообщение */
            messages_count: number;
            funnel_id: string | null;
            funnel_name: string | null;
            /** @description Кто открыл; пусто, если имя неизвестно */
            author: string;
            /** @description Чьё это обращение */
            organization: components["schemas"]["OrganizationOfTicketOut"];
        };
        /** @enum {string} */
        TicketRole: "user" | "support";
        /** @enum {string} */
        TicketStatus: "open" | "in_progress" | "waiting" | "closed";
        TicketsQuery: {
            /**
             * @description Номер страницы, с 1
             * @default null
             */
            page?: number | null;
            /**
             * @description Строк на странице
             * @default null
             */
            limit?: number | null;
            /**
             * @description Пусто: начать обход; дальше из Link rel=next
             * @default null
             */
            cursor?: string | null;
            /**
             * @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все.
             * @default null
             */
            orgId?: number | string | null;
            /**
             * @description Обращения об этой воронке
             * @default null
             */
            funnelId?: number | string | null;
            /**
             * @description Состояние
             * @default null
             */
            status?: components["schemas"]["TicketStatus"] | null;
            /**
             * @description Отдел поддержки
             * @default null
             */
            department?: components["schemas"]["Department"] | null;
            /**
             * @description Важность
             * @default null
             */
            priority?: components["schemas"]["Priority"] | null;
        };
        TokenForm: {
            /** @description Всегда `password` */
            grant_type: string;
            /** @description Почта */
            username: string;
            password: string;
        };
        TokenOut: {
            access_token: string;
            /** @description Всегда `Bearer` */
            token_type: string;
            /** @description Сколько секунд токен действует */
            expires_in: number;
        };
        TrialIn: Record<string, never>;
        TrialMessageIn: {
            /** @description Пробелы по краям не считаются */
            text: string;
            /**
             * @description user — за клиента: ассистент ответит; остальные — реплики для обстановки
             * @default user
             * @enum {string}
             */
            role?: "user" | "assistant" | "manager";
        };
        TrialOut: {
            /**
             * Format: uuid
             * @description Имя диалога в адресах: …/dialog/{uuid}/messages
             */
            uuid: string;
            id: string;
            /** @description Код этапа */
            stage: string;
            stage_name: string;
            messages_count: number;
            last_message: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_activity: string;
        };
        WhichConnection: {
            /**
             * @description Номер подключения
             * @default null
             */
            messenger_connection_id?: number | string | null;
        };
        WhichConnectionIn: {
            /**
             * @description Номер подключения, если его нет в адресе
             * @default null
             */
            messenger_connection_id?: number | string | null;
        };
        aiguro_web__schemas__messages__AttachmentOut: {
            id: string;
            name: string;
            content_type: string;
            /** @description Байт */
            size: number;
        };
        aiguro_web__schemas__tickets__AttachmentOut: {
            id: string;
            name: string;
            /** @description Адрес для скачивания без токена; действует не больше 10 минут */
            url: string;
            /** @description Байт */
            size: number;
        };
    };
    responses: never;
    parameters: {
        /** @description Номер организации */
        org: string;
        /** @description Номер воронки */
        f: string;
        /** @description UUID диалога */
        uuid: string;
        /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
        IdempotencyKey: string;
        /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
        IfNoneMatch: string;
        /** @description Часть файла; ответ тогда 206 */
        Range: string;
        /** @description `ETag` прочитанной версии: если данные успели измениться — 412 */
        IfMatch: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    tokensCreate: {
        requestBody: {
            content: {
                "application/x-www-form-urlencoded": components["schemas"]["TokenForm"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TokenOut"];
                };
            };
        };
    };
    dialogsIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
                /** @description Код этапа */
                stage?: string;
                /** @description active или closed */
                status?: components["schemas"]["DialogStatus"];
                /** @description Отвечает ли ассистент */
                ai?: boolean;
                /** @description Ответственный: id, почта или единственное в своём роде имя участника, иначе записанный текст; «Не назначено» — никто */
                manager?: string;
                /** @description Изменённые с этого времени (ISO 8601) */
                updated_since?: string;
                /** @description Часть имени, телефона или почты клиента */
                q?: string;
                /** @description Порядок; с минусом — новые сначала */
                sort?: "-id" | "id" | "-last_activity" | "last_activity" | "-created_at" | "created_at";
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки; `0` — все воронки */
                f: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DialogOut"][];
                };
            };
        };
    };
    dialogsCreate: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["DialogIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["DialogOut"];
                };
            };
        };
    };
    dialogsShow: {
        parameters: {
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description UUID диалога */
                uuid: components["parameters"]["uuid"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DialogOut"];
                };
            };
        };
    };
    dialogsDelete: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description UUID диалога */
                uuid: components["parameters"]["uuid"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TextDeletedOut"];
                };
            };
        };
    };
    dialogsChange: {
        parameters: {
            header?: {
                /** @description `ETag` прочитанной версии: если данные успели измениться — 412 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description UUID диалога */
                uuid: components["parameters"]["uuid"];
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["DialogPatchIn"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DialogOut"];
                };
            };
        };
    };
    dialogsRestore: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description UUID диалога */
                uuid: components["parameters"]["uuid"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DialogOut"];
                };
            };
        };
    };
    trialsIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TrialOut"][];
                };
            };
        };
    };
    trialsOfStage: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description Номер этапа по порядку, с 1 */
                n: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TrialOut"][];
                };
            };
        };
    };
    trialsCreate: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TrialIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["DialogOut"];
                };
            };
        };
    };
    trialsCreateInStage: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StageTrialIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["DialogOut"];
                };
            };
        };
    };
    trialsWrite: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description UUID диалога */
                uuid: components["parameters"]["uuid"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TrialMessageIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["MessageOut"];
                };
            };
        };
    };
    messagesIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description UUID диалога */
                uuid: components["parameters"]["uuid"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["MessageOut"][];
                };
            };
        };
    };
    messagesShow: {
        parameters: {
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description UUID диалога */
                uuid: components["parameters"]["uuid"];
                /** @description Номер сообщения */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["MessageOut"];
                };
            };
        };
    };
    messagesCreate: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description UUID диалога */
                uuid: components["parameters"]["uuid"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MessageIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["MessageOut"];
                };
            };
        };
    };
    funnelsIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FunnelOut"][];
                };
            };
        };
    };
    funnelsShow: {
        parameters: {
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FunnelOut"];
                };
            };
        };
    };
    funnelsChange: {
        parameters: {
            header?: {
                /** @description `ETag` прочитанной версии: если данные успели измениться — 412 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["FunnelChangeIn"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FunnelOut"];
                };
            };
        };
    };
    funnelsRemove: {
        parameters: {
            query?: {
                /** @description Воронка, на первый этап которой переходят все диалоги */
                move_to?: number | string | null;
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TextDeletedOut"];
                };
            };
        };
    };
    funnelsCreate: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["FunnelIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["FunnelOut"];
                };
            };
        };
    };
    assistantsIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["AssistantOut"][];
                };
            };
        };
    };
    assistantsShow: {
        parameters: {
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description Код ассистента (`code_name`) или его номер */
                code: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["AssistantOut"];
                };
            };
        };
    };
    assistantsChange: {
        parameters: {
            header?: {
                /** @description `ETag` прочитанной версии: если данные успели измениться — 412 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description Код ассистента (`code_name`) или его номер */
                code: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["AssistantChangeIn"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["AssistantOut"];
                };
            };
        };
    };
    assistantsRemove: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description Код ассистента (`code_name`) или его номер */
                code: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DeletedOut"];
                };
            };
        };
    };
    assistantsWrite: {
        parameters: {
            header?: {
                /** @description `ETag` прочитанной версии: если данные успели измениться — 412 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssistantTextIn"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["AssistantOut"];
                };
            };
        };
    };
    assistantsCreate: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssistantIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["AssistantOut"];
                };
            };
        };
    };
    clientsIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
                /** @description Часть имени, почты или телефона; ищется среди 100 000 клиентов с самой новой активностью */
                q?: string;
                /** @description Только active или только inactive */
                status?: components["schemas"]["ClientStatus"];
                /** @description Только такие, как сказано в поле type клиента */
                type?: "новый" | "постоянный" | "неактивный";
                /** @description Id, почта или имя участника либо записанный текст; пусто или «Не назначено»: без ответственного */
                manager?: string;
                /** @description С минусом: сначала новые */
                sort?: "-id" | "id" | "-last_activity" | "last_activity" | "-created_at" | "created_at";
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["ClientOut"][];
                };
            };
        };
    };
    clientsAdd: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ClientIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["ClientOut"];
                };
            };
        };
    };
    clientsShow: {
        parameters: {
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер клиента */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["ClientOut"];
                };
            };
        };
    };
    clientsChange: {
        parameters: {
            header?: {
                /** @description `ETag` прочитанной версии: если данные успели измениться — 412 */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер клиента */
                id: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["ClientIn"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["ClientOut"];
                };
            };
        };
    };
    clientsRemove: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер клиента */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DeletedOut"];
                };
            };
        };
    };
    clientsRestore: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер клиента */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["ClientOut"];
                };
            };
        };
    };
    clientsIndexDialogs: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
                /** @description Только открытые (active) или закрытые (closed) */
                status?: components["schemas"]["DialogStatus"];
                /** @description С минусом: сначала новые; обход по cursor идёт только по -id */
                sort?: "-id" | "id" | "-last_activity" | "last_activity" | "-created_at" | "created_at";
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер клиента */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DialogOut"][];
                };
            };
        };
    };
    organizationsIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["OrganizationOut"][];
                };
            };
        };
    };
    organizationsCreate: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OrganizationIn"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["OrganizationOut"];
                };
            };
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["OrganizationOut"];
                };
            };
        };
    };
    organizationsShow: {
        parameters: {
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["OrganizationOut"];
                };
            };
        };
    };
    organizationsArchive: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DeletedOut"];
                };
            };
        };
    };
    connectionsIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["ConnectionOut"][];
                };
            };
        };
    };
    connectionsShow: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description Номер подключения */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["ConnectionOut"];
                };
            };
        };
    };
    connectionsRemove: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description Номер подключения */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TextDeletedOut"];
                };
            };
        };
    };
    connectionsCreate: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectionIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["ConnectionOut"];
                };
            };
        };
    };
    connectionsAttach: {
        parameters: {
            query?: {
                /** @description Номер подключения */
                messenger_connection_id?: number | string | null;
            };
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["WhichConnectionIn"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["ConnectionOut"];
                };
            };
        };
    };
    connectionsDetach: {
        parameters: {
            query?: {
                /** @description Номер подключения */
                messenger_connection_id?: number | string | null;
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["WhichConnectionIn"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TextDeletedOut"];
                };
            };
        };
    };
    connectionsIndexAll: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["ConnectionOut"][];
                };
            };
        };
    };
    connectionsShowOwn: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер подключения */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["ConnectionOut"];
                };
            };
        };
    };
    connectionsRemoveOwn: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер подключения */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TextDeletedOut"];
                };
            };
        };
    };
    connectionsCreateOwn: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OwnConnectionIn"];
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["ConnectionOut"];
                };
            };
        };
    };
    filesIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
                /** @description Только файлы этой категории */
                category?: components["schemas"]["FileCategory"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FilesOut"];
                };
            };
        };
    };
    filesCreate: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** @default  */
                    description?: string;
                    /** @default general_info */
                    category?: components["schemas"]["FileCategory"];
                    /** @default false */
                    is_public?: boolean;
                    /**
                     * Format: binary
                     * @description Файл, до 50 МиБ
                     */
                    file: string;
                };
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["FileOut"];
                };
            };
        };
    };
    filesStatistics: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FileStatisticsOut"];
                };
            };
        };
    };
    filesShow: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер файла */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FileOut"];
                };
            };
        };
    };
    filesRemove: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер файла */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DeletedOut"];
                };
            };
        };
    };
    filesIndexOfFunnel: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
                /** @description Только файлы этой категории */
                category?: components["schemas"]["FileCategory"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FilesOut"];
                };
            };
        };
    };
    filesCreateInFunnel: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        requestBody: {
            content: {
                "multipart/form-data": {
                    /** @default  */
                    description?: string;
                    /** @default general_info */
                    category?: components["schemas"]["FileCategory"];
                    /** @default false */
                    is_public?: boolean;
                    /**
                     * Format: binary
                     * @description Файл, до 50 МиБ
                     */
                    file: string;
                };
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["FileOut"];
                };
            };
        };
    };
    filesStatisticsOfFunnel: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FileStatisticsOut"];
                };
            };
        };
    };
    filesAttach: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description Номер файла */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FileOut"];
                };
            };
        };
    };
    filesDetach: {
        parameters: {
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description Номер файла */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FileOut"];
                };
            };
        };
    };
    filesRemoveOfFunnel: {
        parameters: {
            path: {
                /** @description Номер организации */
                org: components["parameters"]["org"];
                /** @description Номер воронки */
                f: components["parameters"]["f"];
                /** @description Номер файла */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["DeletedOut"];
                };
            };
        };
    };
    fileUrlsUrl: {
        parameters: {
            query?: {
                /** @description Секунды жизни ссылки; больше 600 не бывает, лишнее отбрасывается */
                expires_in?: number;
            };
            path: {
                /** @description Номер файла */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["FileUrlOut"];
                };
            };
        };
    };
    downloadDownload: {
        parameters: {
            header?: {
                /** @description Часть файла; ответ тогда 206 */
                Range?: components["parameters"]["Range"];
            };
            path: {
                /** @description Подписанная ссылка, как её выдал `…/url` */
                token: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description Часть файла */
            206: {
                content: {
                    "application/octet-stream": string;
                };
            };
        };
    };
    ticketsIndex: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
                /** @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все. */
                orgId?: number | string | null;
                /** @description Обращения об этой воронке */
                funnelId?: number | string | null;
                /** @description Состояние */
                status?: components["schemas"]["TicketStatus"];
                /** @description Отдел поддержки */
                department?: components["schemas"]["Department"];
                /** @description Важность */
                priority?: components["schemas"]["Priority"];
            };
            header?: {
                /** @description `ETag`, который у вас есть: без изменений — 304 без тела */
                "If-None-Match"?: components["parameters"]["IfNoneMatch"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TicketOut"][];
                };
            };
        };
    };
    ticketsCreate: {
        parameters: {
            query?: {
                /** @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все. */
                orgId?: number | string | null;
            };
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TicketIn"];
                "multipart/form-data": {
                    /**
                     * @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все.
                     * @default null
                     */
                    orgId?: number | string | null;
                    /** @description Тема */
                    subject: string;
                    /** @description Становится первым сообщением */
                    description: string;
                    /** @description Отдел поддержки */
                    department: components["schemas"]["Department"];
                    /**
                     * @description Важность; без неё medium
                     * @default null
                     */
                    priority?: components["schemas"]["Priority"] | null;
                    /**
                     * @description Воронка, о которой речь
                     * @default null
                     */
                    funnel_id?: number | string | null;
                    /** @description Файлы, до 50 МиБ каждый */
                    files?: string[];
                };
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["TicketFullOut"];
                };
            };
        };
    };
    ticketsShow: {
        parameters: {
            query?: {
                /** @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все. */
                orgId?: number | string | null;
            };
            path: {
                /** @description Номер обращения */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TicketFullOut"];
                };
            };
        };
    };
    ticketsChange: {
        parameters: {
            query?: {
                /** @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все. */
                orgId?: number | string | null;
            };
            path: {
                /** @description Номер обращения */
                id: string;
            };
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["TicketChangeIn"];
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TicketFullOut"];
                };
            };
        };
    };
    ticketsMessages: {
        parameters: {
            query?: {
                /** @description Номер страницы, с 1 */
                page?: number;
                /** @description Строк на странице */
                limit?: number;
                /** @description Пусто: начать обход; дальше из Link rel=next */
                cursor?: string;
                /** @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все. */
                orgId?: number | string | null;
            };
            path: {
                /** @description Номер обращения */
                id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TicketMessageOut"][];
                };
            };
        };
    };
    ticketsAnswer: {
        parameters: {
            query?: {
                /** @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все. */
                orgId?: number | string | null;
            };
            header?: {
                /** @description Повтор с тем же ключом сутки отвечает тем же и ничего не делает второй раз */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description Номер обращения */
                id: string;
            };
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TicketMessageIn"];
                "multipart/form-data": {
                    /**
                     * @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все.
                     * @default null
                     */
                    orgId?: number | string | null;
                    text: string;
                    /** @description Файлы, до 50 МиБ каждый */
                    attachments?: string[];
                };
            };
        };
        responses: {
            /** @description Создано */
            201: {
                content: {
                    "application/json": components["schemas"]["TicketMessageOut"];
                };
            };
        };
    };
    ticketsMessage: {
        parameters: {
            query?: {
                /** @description Организация, в которой состоит владелец токена. Без неё: активная организация токена, иначе единственная его организация, иначе 400. Для поддержки AIGURO: любая организация, без неё все. */
                orgId?: number | string | null;
            };
            path: {
                /** @description Номер обращения */
                id: string;
                /** @description Номер сообщения обращения */
                ticket_message_id: string;
            };
        };
        responses: {
            /** @description Готово */
            200: {
                content: {
                    "application/json": components["schemas"]["TicketMessageOut"];
                };
            };
        };
    };
}
