SELECT value FROM public.raw WHERE scope = $1 AND key = $2
